"""Free ports on loopback, and the same port on many addresses at once."""

import errno
import socket
from collections.abc import Iterable
from ipaddress import ip_address

_TRIES = 50
_BACKLOG = 512


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET  # noqa: PLR2004 -- IPv6
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # So that a second run right after the first may take a port whose connections still linger.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 -- the standard library's own signature
    return listener


def shared_port(host: str) -> tuple[socket.socket, socket.socket]:
    """Open UDP and TCP on one free port of `host`; OSError where none is found."""
    for _ in range(_TRIES):
        tcp = _listener(host, 0)
        udp = socket.socket(tcp.family, socket.SOCK_DGRAM)
        udp.setblocking(False)  # noqa: FBT003 -- the standard library's own signature
        try:
            udp.bind(tcp.getsockname()[:2])
        except OSError:
            udp.close()
            tcp.close()
        else:
            return udp, tcp
    raise OSError(errno.EADDRINUSE, f"no port of {host} is free for both UDP and TCP")


def same_port(hosts: Iterable[str]) -> tuple[list[socket.socket], int]:
    """Open TCP on every host on one free port; OSError where an address does not exist or no port is free."""
    first, *others = list(hosts)
    for _ in range(_TRIES):
        opened = [_listener(first, 0)]
        port = int(opened[0].getsockname()[1])
        try:
            opened.extend(_listener(host, port) for host in others)
        except OSError as fault:
            for one in opened:
                one.close()
            if fault.errno != errno.EADDRINUSE:
                raise
        else:
            return opened, port
    raise OSError(errno.EADDRINUSE, "no port is free on every address of the lab")


def free_port(host: str) -> int:
    """Give a port that is free now, for somebody else to open."""
    with _listener(host, 0) as listener:
        return int(listener.getsockname()[1])


def has_ipv6() -> bool:
    """Say whether ::1 exists on this machine."""
    try:
        _listener("::1", 0).close()
    except OSError:
        return False
    return True
