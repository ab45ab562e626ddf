"""Which machine is this, and does a process on it still run? Linux only: elsewhere nobody claims to know."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

#: Random, made anew at each start of the kernel: the same on no two machines, and on none of them twice.
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
#: A pid means something inside one of these only: two containers on one machine each have their own.
_PIDS: Final = Path("/proc/self/ns/pid")


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
