"""When the police get a copy, and for which reason. Pure.

Of what is confirmed child sexual abuse material, once per item. `police.reasons` narrows it to items with one of them;
with none named there, every confirmed item is copied. The head start (`police.before`) is kept when gathering.
"""

from collections.abc import Sequence
from enum import StrEnum

from ntd.case import Item, Stay, Tell
from ntd.world import World
from schemas.item import Basis
from schemas.notice import Kind

#: A copy belongs to the item, wherever it moves: not to one of its spells.
_ONCE = 1


class Reason(StrEnum):
    """Why the police are told before or beside the hoster."""

    NEW_HOSTER = "new_hoster"  # its contact was never written to before
    NO_PARTNER = "no_partner"  # abroad, where no partner is configured
    TOR = "tor"  # an onion service
    UNREACHABLE = "unreachable"  # every contact failed or bounced
    NEW_VICTIM = "new_victim"  # flagged so at intake


def reasons_of(item: Item, stays: Sequence[Stay], world: World) -> frozenset[Reason]:
    """Give every reason that holds for an item by now."""
    taken = {stay.seat for stay in stays}
    home = world.settings.organisation.country
    found = {
        Reason.NEW_HOSTER: any(seat.new_contact for seat in world.seats if seat.seat in taken),
        Reason.NO_PARTNER: any(
            stay.country not in {None, home} and stay.country not in world.partners for stay in stays
        ),
        Reason.TOR: item.kind == "onion",
        Reason.UNREACHABLE: any(stay.failed_at for stay in stays),
        Reason.NEW_VICTIM: item.new_victim,
    }
    return frozenset(reason for reason, holds in found.items() if holds)


def police_copy(item: Item, stays: Sequence[Stay], world: World) -> tuple[Tell, ...]:
    """Give the copy that the police are to get of an item now, if any; told again it is still one."""
    wanted = {Reason(reason) for reason in world.settings.police.reasons}
    if world.police is None or not item.confirmed or item.basis is not Basis.CSAM or not stays:
        return ()
    if wanted and wanted.isdisjoint(reasons_of(item, stays, world)):
        return ()
    return (
        Tell(
            recipient=world.police,
            item=item.id,
            stay=stays[0].id,
            kind=Kind.POLICE,
            spell=_ONCE,
            priority=item.priority,
        ),
    )
