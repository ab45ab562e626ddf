"""What a message would say of given items, for whoever wants to read one before it is written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notifiers.samples import plain_lines, shown
from ntd.acts import item_id
from ntd.gathering import sender, shared
from ntd.sla import deadline
from ntd.store import previews, tellings
from ntd.store.base import Store
from ntd.tongues import NOT_THE_HOSTERS, tongue
from schemas.errors import NotFound
from schemas.ids import ItemId
from schemas.notice import Kind, Message, NoticeLine
from schemas.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is to be shown: items, and who is told about them as their hoster or front."""

    lines: Sequence[NoticeLine]
    readers: Sequence[previews.Reader] = ()
    kind: Kind = Kind.FIRST
    made_up: bool = False


def made_up(now: datetime) -> About:
    """Make two ordinary items up."""
    return About(lines=plain_lines(now), made_up=True)


async def about_what(store: Store, named: Sequence[str]) -> About:
    """Find items by id or URL, or those of a message by its id; NotFound where there is none."""
    kind = Kind.FIRST
    ids: list[ItemId] = []
    for one in named:
        item = await item_id(store, one)
        notice = await previews.written(store, item)
        kind = notice.kind if notice else kind
        ids += notice.items if notice else [item]
    found = await tellings.lines_of(store, ids)
    missing = [item for item in ids if item not in found]
    if missing:
        raise NotFound(f"there is no item and no notice {missing[0]}; `ntd list` and `ntd show` name them")
    unique = list(dict.fromkeys(ids))
    return About(lines=[found[item] for item in unique], readers=await previews.readers(store, unique), kind=kind)


def message_about(about: About, settings: Settings, *, kind: Kind | None, language: str, now: datetime) -> Message:
    """Write it in the language and to the mailbox that it would have; `kind` None: the notice's, else first."""
    what = kind or about.kind
    spoken = language or _language(about, what, settings)
    message = shown(what, spoken, sender(settings), about.lines, now, deadline(settings, now))
    mailbox = next((one.address for one in about.readers if one.channel == "mail"), None)
    if what in NOT_THE_HOSTERS or len(about.readers) != 1 or mailbox is None:
        return message
    return replace(message, to=mailbox)


def _language(about: About, kind: Kind, settings: Settings) -> str:
    if about.made_up:
        return settings.organisation.languages[0]
    preferred = None if kind in NOT_THE_HOSTERS else shared(one.language for one in about.readers)
    return tongue(preferred, kind, shared(line.country for line in about.lines), settings.organisation)
