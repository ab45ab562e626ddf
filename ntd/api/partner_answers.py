"""What a partner may answer, read strictly. Pure (contract, section 7)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from schemas.errors import Refused
from schemas.exchange import REASONS, Action, PartnerAnswer
from schemas.ids import ItemId

#: The longest note, in characters; what a partner's software says beyond that is not for an analyst to read.
NOTE_LIMIT: Final = 2000
#: `hosting` says where something moved: a handful of short facts.
_HOSTING_KEYS: Final = 20
_HOSTING_TEXT: Final = 300
_NAMES: Final = frozenset(REASONS.values())


def partner_answer(given: Any) -> PartnerAnswer:
    """Read one answer; Refused says in a sentence what is wrong with it. Keys that are not ours are passed over."""
    if not isinstance(given, Mapping):
        raise Refused("an answer is a JSON object with item and action")
    return PartnerAnswer(
        item=_item(given.get("item")),
        action=_action(given.get("action")),
        reason=_reason(given.get("reason")),
        at=_at(given.get("at")),
        note=_note(given.get("note")),
        hosting=_hosting(given.get("hosting")),
    )


def _item(given: Any) -> ItemId:
    try:
        return ItemId(UUID(given))
    except (TypeError, ValueError, AttributeError):
        raise Refused("item is not the id of an item; it stands as item in the forward") from None


def _action(given: Any) -> Action:
    try:
        return Action(given)
    except ValueError:
        raise Refused(f"action is none of {', '.join(Action)}") from None


def _reason(given: Any) -> str | None:
    """Read a reason by its name or by ICCAM's code.

    >>> _reason("LinkExpired"), _reason(8), _reason("8"), _reason("")
    ('LinkExpired', 'LinkExpired', 'LinkExpired', None)
    """
    if given is None or given == "":
        return None
    if isinstance(given, str) and given in _NAMES:
        return given
    if (isinstance(given, int) or (isinstance(given, str) and given.isascii())) and str(given).isdigit():
        named = REASONS.get(int(given)) if len(str(given)) < 3 else None  # noqa: PLR2004 -- codes 1 to 21
        if named is not None:
            return named
    raise Refused('reason is none of the 21 known ones; write for example "LinkExpired", or leave it out')


def _at(given: Any) -> datetime | None:
    if given is None or given == "":
        return None
    try:
        at = datetime.fromisoformat(given)
    except (TypeError, ValueError):
        at = None
    if at is None or at.tzinfo is None:
        raise Refused("at is not a time with its zone; write for example 2026-11-20T09:00:00Z")
    return at


def _note(given: Any) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or len(given) > NOTE_LIMIT:
        raise Refused(f"note is not a text of at most {NOTE_LIMIT} characters")
    return given.strip()


def _hosting(given: Any) -> dict[str, object] | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or len(given) > _HOSTING_KEYS or not all(map(_short, given.values())):
        raise Refused('hosting is not an object of short values; write for example {"country": "MD", "asn": 64510}')
    return dict(given)


def _short(value: Any) -> bool:
    return value is None or isinstance(value, int | float) or (isinstance(value, str) and len(value) <= _HOSTING_TEXT)
