"""The words of a mail: the letter in the recipient's language, below it the English one, below both the items."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from notifiers.exchange import for_partner
from notifiers.law import Law, laws_for
from notifiers.plain import SENTENCE_LENGTH, moment, one_line, whole_url
from notifiers.stationery import ENGLISH, GLUE, SHIPPED, WIDTH, Speaker, Stationery
from notifiers.tables import told_of
from schemas.item import Basis, Classification
from schemas.notice import Kind, Message, NoticeLine

_RULE = "-" * WIDTH
#: Kinds that are told domain, address and count, never the URL of an item.
NETWORK_KINDS = frozenset({Kind.UPSTREAM, Kind.REGISTRAR})
#: Kinds that are told a password: those who must see what the notice speaks of.
ACCESS_KINDS = frozenset({Kind.FIRST, Kind.REMINDER, Kind.POLICE, Kind.FORWARD})
_FORWARD_REMINDER = "forward_reminder"
#: What a message is about, by its theme: paragraphs of words/, before those that every message has.
_HISTORY = {
    "reminder": "history_reminder",
    "site": "history_site",
    "upstream": "history_network",
    "registrar": "history_network",
    "regulator": "history_regulator",
    _FORWARD_REMINDER: "history_forward",
}
_ASK = {
    "upstream": "ask_upstream",
    "registrar": "ask_registrar",
    "regulator": "ask_regulator",
    "front": "ask_front",
    "police": "ask_police",
    "forward": "ask_forward",
    _FORWARD_REMINDER: "ask_forward",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says: its subject and its text, lines ending in a newline."""

    subject: str
    text: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    head: str
    lines: tuple[str, ...]


def letter(message: Message, stationery: Stationery = SHIPPED) -> Letter:
    """Write the subject and the text of a mail: every word of it but the attachments."""
    language = stationery.language_of(message.language)
    spoken = (language,) if language == ENGLISH else (language, ENGLISH)
    speaker = _speaker(message)
    letters = [_one_language(message, each, speaker, stationery) for each in spoken]
    text = f"\n\n{_RULE}\nEnglish\n{_RULE}\n\n".join(letters)
    title = stationery.said(language, f"title.{_theme(message)}", speaker).replace(GLUE, " ")
    listed = _list(message, spoken, stationery)
    tags = "".join(f"{one_line(ticket.tag)} " for ticket in message.tickets)
    return Letter(subject=f"{tags}{title} [{message.id}]", text=f"{text}\n\n{_RULE}\n{listed}\n", languages=spoken)


def _speaker(message: Message) -> Speaker:
    return Speaker(
        sender=one_line(message.sender.name),
        country=message.sender.country,
        contact=one_line(message.sender.contact_email),
        what=_what(message),
        until=None if message.deadline is None else moment(message.deadline),
    )


def _one_language(message: Message, language: str, speaker: Speaker, stationery: Stationery) -> str:
    withdrawn = message.kind is Kind.WITHDRAWAL  # nothing is asked any more
    return stationery.layout("letter.txt").render(
        theme=_theme(message),
        id=message.id,
        written=moment(message.written_at),
        deadline=None if withdrawn else speaker.until,
        count=len(message.lines),
        hoster=None if message.hoster is None or withdrawn else one_line(message.hoster),
        ticket=", ".join(one_line(ticket.number) for ticket in message.tickets),
        earlier=None if message.earlier_first_at is None else moment(message.earlier_first_at),
        paragraphs=_paragraphs(message),
        laws=[law.sentence(language) for law in _laws(message)],
        closing=_closing(message),
        answer_link=None if message.answer_link is None or withdrawn else whole_url(message.answer_link),
        sender=speaker.sender,
        say=lambda key: stationery.paragraph(language, key, speaker),
        label=partial(stationery.label, (language,)),
        bullet=stationery.bullet,
    )


def _theme(message: Message) -> str:
    return _FORWARD_REMINDER if message.kind is Kind.REMINDER and for_partner(message) else message.kind.value


def _what(message: Message) -> str:
    bases = {line.basis for line in message.lines}
    if len(bases) != 1:
        return "mixed"
    presumed = not any(line.confirmed for line in message.lines)
    return f"{bases.pop()}_presumed" if presumed else str(bases.pop())


def _paragraphs(message: Message) -> tuple[str, ...]:
    """Choose the paragraphs between who we are and the law, in their order."""
    if message.kind is Kind.WITHDRAWAL:
        return ("ask_withdrawal",)
    theme = _theme(message)
    history = (_HISTORY[theme],) if theme in _HISTORY else ()
    if message.kind in NETWORK_KINDS:
        return (*history, *_asks(message), "preserve", "discretion")
    return (*_matters(message.lines), *history, *_asks(message), "scope", "preserve", "discretion")


def _matters(lines: Sequence[NoticeLine]) -> tuple[str, ...]:
    confirmed = [line for line in lines if line.confirmed]
    found: set[str] = {
        "national" if line.classification is Classification.NATIONAL and line.basis is Basis.CSAM else str(line.basis)
        for line in confirmed
    }
    matters: list[str] = [key for key in ("csam", "national", "ncii", "other") if key in found]
    if len(confirmed) < len(lines):
        matters.append("presumed")
    if any(line.returned for line in lines):
        matters.append("returned")
    return tuple(matters)


def _asks(message: Message) -> tuple[str, ...]:
    theme = _theme(message)
    if theme in _ASK:
        return (_ASK[theme],)
    confirmed = any(line.confirmed for line in message.lines)
    presumed = any(not line.confirmed for line in message.lines)
    return (*(("ask_remove",) if confirmed else ()), *(("ask_presumed",) if presumed else ()))


def _closing(message: Message) -> tuple[str, ...]:
    if message.kind is Kind.WITHDRAWAL:
        return ()
    presumed = any(not line.confirmed for line in message.lines)
    return ("faith", *(("faith_presumed",) if presumed else ()), "attached")


def _laws(message: Message) -> Sequence[Law]:
    if message.kind is Kind.WITHDRAWAL:
        return ()
    countries = {message.recipient_country} if message.recipient_country else {line.country for line in message.lines}
    return laws_for({country for country in countries if country}, {line.basis for line in message.lines})


def _list(message: Message, spoken: tuple[str, ...], stationery: Stationery) -> str:
    label = partial(stationery.label, spoken)
    if message.kind is Kind.WITHDRAWAL:
        entries = [_Entry(head=f"{label('item')} {line.item}", lines=()) for line in message.lines]
    elif message.kind in NETWORK_KINDS:
        entries = [
            _Entry(head=f"{label('domain')} {site}", lines=(f"{label('address')}: {address}", f"{label('count')}: {n}"))
            for (site, address), n in told_of(message.lines).items()
        ]
    else:
        words = tuple(stationery.words(language) for language in spoken)
        entries = [_entry(line, message, words, label) for line in message.lines]
    return stationery.layout("list.txt").render(heading=label("list"), entries=entries)


def _entry(
    line: NoticeLine, message: Message, words: Sequence[Mapping[str, str]], label: Callable[[str], str]
) -> _Entry:
    facts: list[tuple[str, str | None]] = [
        *((each["label.assessment"], _assessment(line, each)) for each in words),
        *_seen(line, label),
        (label("network"), _network(line)),
        (label("front"), line.front),
        (label("reason"), line.reason),
        *((label("hash"), f"{name} {value}") for name, value in sorted((line.hashes or {}).items())),
    ]
    if message.kind in ACCESS_KINDS:
        facts.append((label("access"), line.access))
    if for_partner(message):
        facts += [(label("reference"), line.reference), (label("series"), line.series)]
    lines = [f"{name}: {one_line(fact, SENTENCE_LENGTH)}" for name, fact in facts if fact]
    if line.returned:
        lines.append(label("returned"))
    return _Entry(head=f"{label('item')} {line.item}", lines=(whole_url(line.url), *lines))


def _assessment(line: NoticeLine, words: Mapping[str, str]) -> str:
    status = words["label.confirmed" if line.confirmed else "label.presumed"]
    text = f"{status}: {words[f'what.{line.basis}']}"
    # The classes are those of child sexual abuse material: of anything else they say nothing.
    if line.classification is None or line.basis is not Basis.CSAM:
        return text
    return f"{text}, {words['label.classification']} {line.classification}"


def _seen(line: NoticeLine, label: Callable[[str], str]) -> list[tuple[str, str | None]]:
    address = None if line.address is None else str(line.address)
    if line.last_up_at is None:
        return [(label("last_up"), label("not_seen")), (label("address"), address)]
    on = "" if address is None else f" ({address})"
    return [(label("last_up"), moment(line.last_up_at) + on)]


def _network(line: NoticeLine) -> str:
    system = "" if line.asn is None else f"AS{line.asn}"
    name = line.as_name or line.hoster
    return ", ".join(part for part in (" ".join(filter(None, (system, name))), line.country) if part)
