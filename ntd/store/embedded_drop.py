"""A program of its own, run as root: give root up, then become the command that follows on the command line.

    python embedded_drop.py UID GID CAPABILITY PROGRAM ARGUMENT…

PostgreSQL refuses to run as root. CAPABILITY is 0 where the other user can reach the program and its folder by the
permissions alone. Below a folder closed to others (/root, a home, a clone made with umask 077) it is the one Linux
capability that goes past those permissions, so that none of them has to be opened.
"""

import ctypes
import os
import sys
from typing import Final

# linux/prctl.h, linux/securebits.h, linux/capability.h
_PR_SET_SECUREBITS: Final = 28
_SECBIT_NO_SETUID_FIXUP: Final = 1 << 2
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_RAISE: Final = 2
_CAPABILITY_VERSION_3: Final = 0x20080522


def main(arguments: list[str]) -> None:
    """Become the program; what goes wrong is an OSError on standard error and a non-zero exit."""
    uid, gid, capability = (int(argument) for argument in arguments[:3])
    os.umask(0o077)
    os.chdir("/")
    if capability:
        # Capabilities survive the change of user, and access(2), with which PostgreSQL finds its programs, counts them.
        _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if capability:
        _keep_only(capability)
    os.execv(arguments[3], arguments[3:])  # noqa: S606 -- the point of this program


def _keep_only(capability: int) -> None:
    """Keep one capability, across the exec that follows too (capabilities(7), "ambient")."""
    mask = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _checked(ctypes.CDLL(None, use_errno=True).capset(header, data))
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _prctl(option: int, *values: int) -> None:
    """Call prctl(2) with its five arguments."""
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _checked(ctypes.CDLL(None, use_errno=True).prctl(option, *padded))


def _checked(result: int) -> None:
    """Turn the -1 of the C library into an exception."""
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main(sys.argv[1:])
