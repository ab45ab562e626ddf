"""Which machine is this, and does a process on it still run? Linux only: elsewhere nobody claims to know.

And what we ask of our own process.
"""

import gc
import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

#: Random, made anew at each start of the kernel: the same on no two machines, and on none of them twice.
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
#: A pid means something inside one of these only: two containers on one machine each have their own.
_PIDS: Final = Path("/proc/self/ns/pid")
#: New objects until the youngest are searched, and how many such searches until the next older ones are (gc module).
#: Five times 10,000 are 30 ms of pause; with the 200,000 of 20 searches it was 150 ms, for the same work in all. The
#: oldest are searched as seldom as with 20 and 20.
_SEARCHES: Final = (10_000, 4, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """A process, and the machine on which its pid means something."""

    machine: str
    pid: int


def here() -> Whereabouts | None:
    """Say where this process runs; None where pids cannot be told apart across restarts of the machine."""
    try:
        machine = f"{_BOOT.read_text(encoding='ascii').strip()} {_PIDS.readlink()}"
    except OSError:
        return None
    return Whereabouts(machine=machine, pid=os.getpid())


def has_ended(pid: int) -> bool:
    """Say whether another process of this machine is certainly over; in doubt it is not.

    Our own pid belonged to somebody else before it was ours: a container's daemon is number 1 each time.
    """
    if pid == os.getpid():
        return True
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def leave_no_core() -> None:
    """Have no image of this process written when it crashes: it would hold keys and URLs in clear."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def collect_seldom() -> None:
    """Have Python look for rings of dead objects less often; call it once everything that stays is there.

    By default each 700 new objects set off a search, and each so often one of everything we keep: with a thousand looks
    under way and ten thousand remembered that is a fifth of the processor and pauses of a third of a second. What is no
    ring goes at once, as ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SEARCHES)
