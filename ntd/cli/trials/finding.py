"""One line of what was found: what was tried, how it is, what to do."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum

from schemas.settings import Settings


class Health(StrEnum):
    """How something outside is."""

    OK = "ok"
    OFF = "off"
    FAULT = "fault"
    AWAY = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was tried, how it is, what to do."""

    name: str
    health: Health
    detail: str
    remedy: str = ""


Trial = Callable[[Settings], AsyncIterator[Finding]]
