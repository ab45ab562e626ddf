"""What is gathered for a recipient becomes messages: which lines together, through which channel. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ntd.sla import deadline
from ntd.tongues import tongue
from schemas.ids import NoticeId
from schemas.incoming import Ticket
from schemas.item import State
from schemas.notice import Channel, Format, Kind, Message, NoticeLine, Sender
from schemas.settings import Partner, Settings

#: Priorities up to this one go at once: they wait for no window and for no hour to pass.
URGENT = 1
#: Kinds that go before everything else: those that tell somebody for the first time.
BEFORE_ALL_ELSE = frozenset({Kind.FIRST, Kind.FRONT, Kind.FORWARD})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """Whom messages go to, as far as gathering cares."""

    channel: str  # mail | api | form | partner
    address: str
    format: str
    grouping: str
    partner: Partner | None
    language: str | None = None  # in which it wants to be written to


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One telling as gathering sees it; `index` finds it again."""

    index: int
    line: NoticeLine
    site: str
    state: State
    xarf_able: bool
    step: int = 0  # of the ladder, or which reminder


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheaf:
    """Lines that go together in one message."""

    channel: Channel
    format: Format
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What becomes of the tellings gathered for one recipient."""

    sheaves: tuple[Sheaf, ...]
    moot: tuple[Piece, ...]  # held, gone or ended meanwhile: nobody is told
    unable: tuple[Piece, ...]  # this channel has no words for them


def in_force(kind: Kind, state: State) -> bool:
    """Say whether a message of this kind may speak of an item in this state."""
    if kind is Kind.WITHDRAWAL:
        return state is State.WITHDRAWN
    if kind is Kind.POLICE and state is State.UNTRACEABLE:
        return True  # who hosts it is for them to find out
    return state in {State.ROUTED, State.NOTICED, State.FORWARDED}


def sort_out(kind: Kind, to: Addressee, pieces: Sequence[Piece], largest: int) -> Sorted:
    """Decide which lines go together, and which do not go at all."""
    moot = tuple(piece for piece in pieces if not in_force(kind, piece.state))
    live = [piece for piece in pieces if piece not in moot]
    if to.channel == "partner":
        way = partner_channel(to.partner)
        able = [] if way is None else live
        sheaves = tuple(_sheaves(way or Channel.MAIL, Format.DIGEST, able, largest))
        return Sorted(sheaves=sheaves, moot=moot, unable=() if way else tuple(live))
    if to.channel == "api":
        able = [piece for piece in live if piece.xarf_able or kind is Kind.WITHDRAWAL]
        unable = tuple(piece for piece in live if piece not in able)
        return Sorted(sheaves=tuple(_by_api(kind, able, largest)), moot=moot, unable=unable)
    if to.channel == "form":
        return Sorted(sheaves=tuple(_by_form(to, live, largest)), moot=moot, unable=())
    return Sorted(sheaves=tuple(_by_mail(kind, to, live, largest)), moot=moot, unable=())


def partner_channel(partner: Partner | None) -> Channel | None:
    """Say how a partner is reached: its API, mail that may go, else it fetches from us; None: it is not configured."""
    if partner is None:
        return None
    if partner.api:
        return Channel.API
    return Channel.MAIL if partner.mailable else Channel.EXCHANGE


def mailbox_of(to: Addressee) -> str | None:
    """Give the mailbox that a recipient's messages go to; None where they go another way."""
    if to.channel == "mail":
        return to.address
    return to.partner.email if to.partner and partner_channel(to.partner) is Channel.MAIL else None


def _by_api(kind: Kind, able: Sequence[Piece], largest: int) -> Iterator[Sheaf]:
    if kind is Kind.WITHDRAWAL:
        # A list of item ids, which XARF has no type for (contract, section 8).
        return _sheaves(Channel.API, Format.DIGEST, able, largest)
    return _sheaves(Channel.API, Format.XARF, able, 1)


def _by_form(to: Addressee, live: list[Piece], largest: int) -> Iterator[Sheaf]:
    # A human fills it in: one text for many items, as by mail.
    for group in _grouped(live, to.grouping):
        yield from _sheaves(Channel.FORM, Format.DIGEST, group, largest)


def _by_mail(kind: Kind, to: Addressee, live: list[Piece], largest: int) -> Iterator[Sheaf]:
    single = to.format == Format.XARF.value and kind is not Kind.WITHDRAWAL
    yield from _sheaves(Channel.MAIL, Format.XARF, [one for one in live if single and one.xarf_able], 1)
    together = [one for one in live if not (single and one.xarf_able)]
    for group in _grouped(together, to.grouping):
        yield from _sheaves(Channel.MAIL, Format.DIGEST, group, largest)


def _grouped(pieces: Iterable[Piece], grouping: str) -> list[list[Piece]]:
    groups: dict[object, list[Piece]] = {}
    for piece in pieces:
        key = {"ip": piece.line.address, "site": piece.site}.get(grouping)
        groups.setdefault(key, []).append(piece)
    return list(groups.values())


def _sheaves(channel: Channel, form: Format, pieces: Sequence[Piece], largest: int) -> Iterator[Sheaf]:
    for begin in range(0, len(pieces), largest):
        yield Sheaf(channel=channel, format=form, pieces=tuple(pieces[begin : begin + largest]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What the recipient was told before about the same items."""

    message_ids: tuple[str, ...]  # oldest first
    first_at: datetime | None
    tickets: tuple[Ticket, ...] = ()  # under which they keep it


def message(
    notice: NoticeId,
    kind: Kind,
    sheaf: Sheaf,
    to: Addressee,
    before: Before,
    settings: Settings,
    *,
    token: str | None,
    now: datetime,
) -> Message:
    """Write down everything a message says; `token`: that of its answer link, None where it has none."""
    asked = kind not in {Kind.WITHDRAWAL, Kind.POLICE}
    return Message(
        id=notice,
        kind=kind,
        to=_to(to, sheaf.channel),
        channel=sheaf.channel,
        format=sheaf.format,
        language=tongue(to.language, kind, None if to.partner else _country(sheaf), settings.organisation),
        sender=sender(settings),
        lines=tuple(piece.line for piece in sheaf.pieces),
        written_at=now,
        deadline=deadline(settings, now) if asked else None,
        hoster=shared(piece.line.hoster for piece in sheaf.pieces),
        answer_link=f"{settings.api.public_url.rstrip('/')}/h/{token}" if token else None,
        references=before.message_ids,
        tickets=before.tickets,
        earlier_first_at=before.first_at,
        recipient_name=to.partner.name if to.partner else None,
        recipient_country=_country(sheaf),
        step=max(piece.step for piece in sheaf.pieces),
        partner=to.partner.code if to.partner else None,
        bounce_address=verp(settings.notices.bounce_address, notice),
    )


def verp(bounces: str, notice: NoticeId) -> str | None:
    """Give the return path of one message, so that a bounce names it: "bounces+TOKEN@…"; None where none is kept.

    An address without the word TOKEN gets it as its extension.
    """
    if not bounces:
        return None
    if "TOKEN" in bounces:
        return bounces.replace("TOKEN", notice.hex)
    local, _, domain = bounces.rpartition("@")
    return f"{local}+{notice.hex}@{domain}"


def _to(to: Addressee, channel: Channel) -> str:
    return to.partner.email if to.partner and channel is Channel.MAIL else to.address


def _country(sheaf: Sheaf) -> str | None:
    return shared(piece.line.country for piece in sheaf.pieces)


def shared(values: Iterable[str | None]) -> str | None:
    """Give what all of them are; None where they differ, or there are none."""
    found = set(values)
    return found.pop() if len(found) == 1 else None


def sender(settings: Settings) -> Sender:
    """Say who speaks."""
    us = settings.organisation
    return Sender(
        name=us.name,
        country=us.country,
        domain=us.domain,
        contact_email=us.contact_email,
        mail_from=settings.notices.from_,
        public_url=settings.api.public_url,
    )
