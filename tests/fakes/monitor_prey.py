"""A process of its own that looks at hostile servers and says what each look came to, took and cost.

Standard input: {"timeout_s": 0.4, "warm": ["http://…"], "looks": {"name": "http://…"}}, standard output: {"name": […]}.
"""

import asyncio
import gc
import json
import resource
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import psutil
import uvloop

from geo.reserved import is_public
from monitor.look import Looker
from schemas.check import Names
from schemas.hosting import Address, NameFate
from schemas.settings import Monitor
from schemas.url import parse_url

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
#: Everything that is public here.
ALLOWED = (ip_network("127.0.0.1/32"), ip_network("127.1.0.0/16"))
#: As many addresses as an answer over TCP can hold.
CROWD = 4000


class Rebinding:
    """Every name lives at 127.0.0.1; those that rebind only when they are asked for the first time; crowds nowhere."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Names:
        """Look a name up."""
        moved = host.startswith("rebind") and host in self.asked
        self.asked.append(host)
        if host.startswith("crowd"):
            first = ip_address("127.1.0.0" if "public" in host else "127.9.0.0")
            return Names(fate=NameFate.FOUND, addresses=tuple(first + at for at in range(1, CROWD)))
        return Names(fate=NameFate.FOUND, addresses=(ip_address("127.9.0.1" if moved else "127.0.0.1"),))


def public(address: Address) -> bool:
    """Judge as the daemon does."""
    return is_public(address, ALLOWED)


def _peak_mib(*, anew: bool = False) -> float:
    """Give the largest memory this process has had since it was measured anew, in MiB."""
    if anew:
        gc.collect()
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
    with suppress(OSError):
        words = Path("/proc/self/status").read_text().split("VmHWM:")[1].split()
        return int(words[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _main() -> dict[str, list[object]]:
    asked = json.loads(sys.stdin.read())
    seen: dict[str, list[object]] = {}
    rules = Monitor(timeout=timedelta(seconds=asked["timeout_s"]))
    loop = asyncio.get_running_loop()
    async with Looker.open(rules, names=Rebinding(), public=public) as looker:
        for url in asked["warm"]:
            await looker.round(parse_url(url), now=NOW)
        gc.collect()
        before = psutil.Process().memory_info().rss / 1024 / 1024
        for name, url in asked["looks"].items():
            _peak_mib(anew=True)
            began = loop.time()
            one = await looker.round(parse_url(url), now=NOW)
            took, look = loop.time() - began, one.observations[0]
            seen[name] = [look.sight, one.meaning.reason, took, _peak_mib() - before, look.fault]
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(_main())))
