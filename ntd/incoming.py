"""What an incoming message is about, and whether it may act: what it says, beside what the database knows. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from notifiers.mime import address_of
from schemas.ids import ItemId, NoticeId, RecipientId
from schemas.incoming import Came, Incoming, Suggestion, Ticket
from schemas.notice import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownNotice:
    """A notice that a message may be about."""

    id: NoticeId
    kind: Kind
    recipient: RecipientId
    to: str  # the mailbox it went to
    partner: str | None
    items: tuple[ItemId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the database knows of all that a message names."""

    notices: Mapping[UUID, KnownNotice] = field(default_factory=dict)
    latest: Mapping[UUID, NoticeId] = field(default_factory=dict)  # of each item named, its latest notice: in `notices`
    by_url: frozenset[ItemId] = frozenset()  # items whose URL is named outside the quotation
    told: frozenset[str] = frozenset()  # of the mailboxes that a report speaks of, those we have written to


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a message is, and what it is about. `acts`: what it reports may change anything."""

    kind: Came
    notice: KnownNotice | None = None
    items: tuple[ItemId, ...] = ()
    permanent: bool | None = None
    status: str | None = None
    recipient: str | None = None
    suggestion: Suggestion | None = None
    ticket: Ticket | None = None
    acts: bool = False


def judge(came: Incoming, facts: Facts) -> Judged:
    """Say what a message is about: the surest that it names and we know.

    A return path of ours is surer than a Message-ID of ours, that is surer than an id in the text.
    """
    notice = _notice(came, facts)
    kind = _kind(came, facts, notice)
    if kind is Came.UNRELATED:
        return Judged(kind=kind)
    if kind.reports:
        return Judged(
            kind=kind,
            notice=notice,
            items=notice.items if notice else (),
            permanent=came.permanent,
            status=came.status,
            recipient=_recipient(came, notice),
            acts=notice is not None and _may_act(came, notice),
        )
    return Judged(
        kind=kind,
        notice=notice,
        items=_items(came, facts, notice) if notice else (),
        suggestion=came.suggestion,
        ticket=came.ticket,
        # Who answers has it; who answers from where does not matter.
        acts=notice is not None and notice.id in {*came.named.tokens, *came.named.messages},
    )


def _notice(came: Incoming, facts: Facts) -> KnownNotice | None:
    named = came.named
    found = _first(facts, [*named.tokens, *named.messages])
    if came.kind.reports:
        # Nothing but the message itself says whose mail it was.
        return found or _first(facts, [*named.spoken, *named.quoted])
    spoken = {item for item in named.spoken if item in facts.latest}
    if found and spoken and not spoken & set(found.items):
        # In an old thread they speak of something else: that is what they mean.
        found = None
    return found or _by_ids(facts, named.spoken) or _by_ids(facts, named.quoted)


def _by_ids(facts: Facts, ids: Iterable[UUID]) -> KnownNotice | None:
    ids = tuple(ids)
    return _first(facts, ids) or _first(facts, [facts.latest[one] for one in ids if one in facts.latest])


def _first(facts: Facts, ids: Iterable[UUID]) -> KnownNotice | None:
    return next((facts.notices[one] for one in ids if one in facts.notices), None)


def _kind(came: Incoming, facts: Facts, notice: KnownNotice | None) -> Came:
    ours = bool(notice or came.named.tokens or came.named.messages)
    if came.kind.reports:
        # A report that names nothing may be about mail of ours if it went to somebody we have written to.
        return came.kind if ours or (facts.told and not came.named.foreign) else Came.UNRELATED
    if came.kind is Came.AUTO_REPLY:
        return came.kind if ours or not came.named.foreign else Came.UNRELATED
    return came.kind if ours else Came.UNRELATED


def _recipient(came: Incoming, notice: KnownNotice | None) -> str | None:
    if notice is not None:
        mine = next((one for one in came.recipients if _same(one, notice.to)), None)
        if mine or not came.recipients:
            return mine or notice.to
    return came.recipients[0] if came.recipients else None


def _may_act(came: Incoming, notice: KnownNotice) -> bool:
    """Say whether a report proves that it is about a notice: its return path, or its Message-ID and its recipient."""
    if notice.id in came.named.tokens:
        return True
    return notice.id in came.named.messages and any(_same(one, notice.to) for one in came.recipients)


def _same(one: str, other: str) -> bool:
    return address_of(one).lower() == address_of(other).lower()


def _items(came: Incoming, facts: Facts, notice: KnownNotice) -> tuple[ItemId, ...]:
    named = {*came.named.spoken, *facts.by_url}
    return tuple(item for item in notice.items if item in named) or notice.items


def as_json(judged: Judged) -> dict[str, object]:
    """Write it as `ntd inbox --json` does (contract, section 4)."""
    return {
        "kind": judged.kind.value,
        "permanent": judged.permanent,
        "notice": str(judged.notice.id) if judged.notice else None,
        "items": [str(item) for item in judged.items],
        "recipient": judged.recipient,
        "status": judged.status,
        "suggestion": judged.suggestion.value if judged.suggestion else None,
        "ticket": judged.ticket.number if judged.ticket else None,
    }
