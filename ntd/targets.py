"""Where a URL leads: another site is a new target, for a human to assess and to submit as a URL of its own. Pure.

What an analyst confirmed is what the URL led to when it was first looked at. Where it leads elsewhere later, nobody has
assessed what stands there: the look is `changed` (reason `new_target`), which breaks a run, takes nothing for gone or
returned, and holds back messages, until a person says `up` or it leads back. Nobody is ever told of the target itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ntd.case import Item, Record, having
from schemas.check import Meaning, Round, Sight, Verdict
from schemas.item import Attention

#: A key that says: redirects, if any, end at the site of the URL itself.
OWN: Final = ""
#: A key that says: wherever it leads at the next look was assessed by a person.
NEXT: Final = "?"
#: Before a key: it was last seen to lead elsewhere than there.
ASTRAY: Final = "!"
NEW_TARGET: Final = Meaning(verdict=Verdict.CHANGED, reason="new_target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the redirects of one round ended."""

    key: str  # of all the sites, keyed; OWN where there are none but the URL's own
    site: str = ""  # the first of them
    url: str = ""  # the last URL asked there


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """What a target does to an item."""

    item: Item
    history: tuple[Record, ...] = ()
    unassessed: bool = False


def target_of(seen: Round, key: Callable[[str], str]) -> Target | None:
    """Say where a round was led (`key` hides the names); None where nothing was answered, or it is gone anyway.

    An address that is not public is no target: nobody can look there, and nobody could submit it.
    """
    answered = [look for look in seen.observations if look.hops and look.sight is not Sight.NOT_PUBLIC]
    if not answered or seen.meaning.verdict is Verdict.GONE:
        return None
    away = sorted((look.final_site, look.hops[-1].url) for look in answered if look.final_site is not None)
    if not away:
        return Target(key=OWN)
    sites = sorted({site for site, _ in away})
    return Target(key=key(" ".join(sites)), site=away[0][0], url=away[0][1])


def led(item: Item, target: Target | None, now: datetime) -> Led:
    """Take the target of one round into an item; the first that is seen is what was confirmed.

    `target` None (nothing was answered) changes nothing. `unassessed`: what stands there now is not what was confirmed.
    """
    if target is None:
        return Led(item=item)
    home = item.target.removeprefix(ASTRAY) if item.target is not None else None
    if target.key == OWN:
        return Led(item=having(item, target=OWN, attention=item.attention - {Attention.NEW_TARGET}))
    if home in {target.key, NEXT}:
        return Led(item=having(item, target=target.key))
    known = replace(
        item,
        target=target.key if home is None else f"{ASTRAY}{home}",
        attention=item.attention | {Attention.NEW_TARGET},
    )
    # One line until somebody has seen to it: some sites lead elsewhere each time.
    told = () if Attention.NEW_TARGET in item.attention else (_record(item, target, now),)
    return Led(item=known, history=told, unassessed=home is not None)


def astray(item: Item) -> bool:
    """Say whether the URL leads, as far as was last seen, where nobody has assessed what stands there."""
    return item.target is not None and item.target.startswith(ASTRAY)


def _record(item: Item, target: Target, now: datetime) -> Record:
    return Record(item=item.id, event="new_target", at=now, detail={"site": target.site, "url": target.url})


def assessed_by_hand(item: Item) -> Item:
    """Take a person's `up`: where it leads at the next look is what was assessed."""
    if Attention.NEW_TARGET not in item.attention:
        return item
    return replace(item, target=NEXT, attention=item.attention - {Attention.NEW_TARGET})
