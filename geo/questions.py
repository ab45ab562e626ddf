"""What was asked on the way, for the record."""

from collections.abc import Iterable
from datetime import datetime

from geo.prefixes import NetworkFact
from schemas.hosting import Address, Question


def network_question(address: Address, fact: NetworkFact | None, files: str, now: datetime) -> Question:
    """Write down what the network files say of an address; `files` names them where none knows it."""
    if fact is None:
        return Question(at=now, asked=f"network {address}", of=files or "no network file", answer="not known")
    announced = " and ".join(f"AS{origin}" for origin in fact.origins)
    parts = (str(fact.prefix), announced, fact.as_name, fact.country)
    mail = f"abuse {fact.abuse_email}" if fact.abuse_email else None
    said = ", ".join(part for part in (*parts, fact.category, mail) if part)
    return Question(at=now, asked=f"network {address}", of=fact.source, answer=said)


def unique(questions: Iterable[Question]) -> tuple[Question, ...]:
    """Name each question once although several addresses needed its answer."""
    once: dict[tuple[str, str, str], Question] = {}
    for question in questions:
        once.setdefault((question.asked, question.of, question.answer), question)
    return tuple(once.values())
