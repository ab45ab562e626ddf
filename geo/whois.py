"""Port 43 through ipwhois, the last way to a registration when RDAP fails.

ipwhois blocks and reads without an end, so it runs in a daemon thread that is left behind at the deadline; two such
threads at most, and nobody waits for one that hangs.
"""

import asyncio
import contextlib
import threading
from typing import Any, Final

from ipwhois.exceptions import BaseIpwhoisException
from ipwhois.net import Net
from ipwhois.whois import Whois

from schemas.errors import Temporary
from schemas.hosting import Address

#: Threads at once; each may hang on a server that dribbles.
THREADS: Final = 2
#: Seconds for a connection, and for each piece of the answer.
_PIECE_S: Final = 5
#: RFC 3912, section 2.
PORT: Final = 43

#: The registry behind an RDAP server, in ipwhois' words.
REGISTRIES: Final = {
    "rdap.arin.net": "arin",
    "rdap.db.ripe.net": "ripencc",
    "rdap.apnic.net": "apnic",
    "rdap.lacnic.net": "lacnic",
    "rdap.afrinic.net": "afrinic",
}


class PortFortyThree:
    """Asks a registry's port 43."""

    def __init__(self, *, server: str | None = None, port: int = PORT) -> None:
        """Ask each registry's own server, or the one named (tests)."""
        self._server, self._port = server, port
        self._places = threading.BoundedSemaphore(THREADS)

    async def ask(self, address: Address, registry: str, deadline_s: float) -> dict[str, Any]:
        """Give ipwhois' result for the address, its raw text under "raw"; Temporary where it cannot be had in time."""
        if not self._places.acquire(blocking=False):
            raise Temporary(f"port 43 of {registry}: {THREADS} questions already hang; try again later")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[dict[str, Any]] = loop.create_future()
        threading.Thread(target=self._run, args=(loop, done, address, registry), daemon=True).start()
        try:
            async with asyncio.timeout(deadline_s):
                return await done
        except TimeoutError as fault:
            raise Temporary(f"port 43 of {registry} did not answer within {deadline_s:g} s") from fault

    def _run(
        self, loop: asyncio.AbstractEventLoop, done: "asyncio.Future[dict[str, Any]]", address: Address, registry: str
    ) -> None:
        result: dict[str, Any] | Temporary
        try:
            net = Net(str(address), timeout=_PIECE_S)
            raw = net.get_whois(asn_registry=registry, retry_count=0, server=self._server, port=self._port)
            asked = {"asn_registry": registry}
            result = Whois(net).lookup(response=raw, asn_data=asked, is_offline=True, inc_raw=True)
        except (BaseIpwhoisException, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError) as fault:
            result = Temporary(f"port 43 of {registry} failed ({type(fault).__name__})")
        finally:
            self._places.release()
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(_settle, done, result)


def _settle(done: "asyncio.Future[dict[str, Any]]", result: dict[str, Any] | Temporary) -> None:
    if done.done():
        return
    if isinstance(result, Temporary):
        done.set_exception(result)
    else:
        done.set_result(result)
