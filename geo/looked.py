"""What asking for a registration came to: the record, and the questions with their answers in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from geo.entities import RegisteredContact
from geo.kept import Kept
from geo.rdap import BadAnswer, DomainRecord, EntityRecord, NetworkRecord, SystemRecord
from schemas.hosting import Question

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked(Generic[R]):
    """What asking for a registration came to."""

    record: R | None
    questions: tuple[Question, ...] = ()
    complete: bool = True  # False: it could not be found out


def finish(found: Looked[Kept], read: Callable[[Mapping[str, Any]], R], text: Callable[[R], str]) -> Looked[R]:
    """Read what was found; its own question stands behind those that were asked before."""
    return finish_by(found, lambda kept: read_kept(kept, read, text))


def finish_by(found: Looked[Kept], read: Callable[[Kept], Looked[R]]) -> Looked[R]:
    """Do the same by a reader of whole answers, one that remembers what it read."""
    if found.record is None:
        return Looked(record=None, questions=found.questions, complete=found.complete)
    looked = read(found.record)
    if not found.questions and found.complete:
        return looked
    return Looked(
        record=looked.record,
        questions=(*found.questions, *looked.questions),
        complete=found.complete and looked.complete,
    )


def read_kept(kept: Kept, read: Callable[[Mapping[str, Any]], R], text: Callable[[R], str]) -> Looked[R]:
    """Read an answer; one that cannot be read is "could not find out", with the reason."""
    record, complete = None, True
    answer = "nothing registered"
    if kept.answer is not None:
        try:
            record = read(kept.answer)
            answer = text(record)
        except BadAnswer as fault:
            answer, complete = f"could not be read: {fault}", False
    return Looked(
        record=record, questions=(Question(at=kept.at, asked=kept.asked, of=kept.of, answer=answer),), complete=complete
    )


def network_text(record: NetworkRecord) -> str:
    """Say in a line what is registered of a network."""
    blocks = ", ".join(str(block) for block in record.blocks[:4])
    feeds = [f"geofeed {url}" for url in record.geofeeds]
    parts = (blocks, record.name, record.organisation, record.country, *_contacts(record.abuse), *feeds)
    return _line(*parts, _withheld(record.redacted))


def domain_text(record: DomainRecord) -> str:
    """Say in a line what is registered of a domain."""
    created = f"created {record.created.date().isoformat()}" if record.created is not None else None
    servers = f"servers {' '.join(record.nameservers)}" if record.nameservers else None
    registrar = record.registrar and f"registrar {record.registrar}"
    return _line(registrar, created, *record.status, servers, *_contacts(record.abuse), _withheld(record.redacted))


def entity_text(record: EntityRecord) -> str:
    """Say in a line what is registered of an entity."""
    return _line(record.name, *_contacts(record.abuse))


def system_text(record: SystemRecord) -> str:
    """Say in a line what is registered of an AS."""
    return _line(record.handle, record.name, record.organisation, record.country, *_contacts(record.abuse))


def _contacts(contacts: Sequence[RegisteredContact]) -> list[str]:
    return [f"abuse {contact.address}" for contact in contacts]


def _withheld(names: Sequence[str]) -> str | None:
    return f"withheld: {', '.join(names)}" if names else None


def _line(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part) or "registered, and nothing said"
