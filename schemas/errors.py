"""The one tree of failures. Anything outside it is a bug: it ends the turn, not the daemon.

Messages name the thing, the fault and the remedy, and never hold a URL of an item or a mail address.
"""

from datetime import timedelta


class NtdError(Exception):
    """Something failed in a way that was foreseen."""


class Temporary(NtdError):  # noqa: N818 -- the word of the trade: what it means, not that it is an error
    """It may work later; `retry_after` is the other side's own wish, if it had one."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Permanent(NtdError):  # noqa: N818 -- see Temporary
    """It will not work however often it is tried."""


class Misconfigured(NtdError):  # noqa: N818 -- see Temporary
    """The operator must change something; the message says what, with a right example. Exit code 2."""


class Unreachable(NtdError):  # noqa: N818 -- see Temporary
    """A service this needs cannot be reached. Exit code 5."""


class NotFound(NtdError):  # noqa: N818 -- see Temporary
    """There is no such thing. Exit code 4."""


class Refused(NtdError):  # noqa: N818 -- see Temporary
    """One piece of input is not taken; the message says why in a sentence."""


class IllegalTransition(NtdError):  # noqa: N818 -- see Temporary
    """The state does not allow the act; nothing changed. Exit code 1."""

    def __init__(self, item: object, state: object, act: object, *, why: str = "in this state") -> None:
        super().__init__(f"item {item} is {state}: {act} is not possible {why}; nothing was changed")
        self.item, self.state, self.act = item, state, act
