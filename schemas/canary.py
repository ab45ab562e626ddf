"""Names whose answer is known before they are asked: a resolver that answers otherwise lies (`dns.canaries`)."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Self

_NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*", re.IGNORECASE)
_EXAMPLE: Final = (
    'write for example "www.example.org" for a name that must have an address, "www.example.org=192.0.2.7" for one '
    'that must have no other, or "!nobody.invalid" for one that must not exist'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameCanary:
    """One name and what must be answered for it."""

    name: str  # lower case, without a dot at its end
    exists: bool
    addresses: frozenset[IPv4Address | IPv6Address] = frozenset()  # where any are given, it has no others

    @classmethod
    def read(cls, text: str) -> Self:
        """Read "name", "name=address,address" or "!name"; ValueError says what is wrong, with right examples.

        >>> NameCanary.read("!nobody.invalid").exists
        False
        """
        name, equals, known = text.strip().removeprefix("!").partition("=")
        exists = not text.strip().startswith("!")
        name = name.strip().lower().rstrip(".")
        try:
            addresses = frozenset(ip_address(one.strip()) for one in known.split(",")) if equals else frozenset()
        except ValueError:
            raise ValueError(f"{text!r} has something that is no address; {_EXAMPLE}") from None
        if not _NAME.fullmatch(name) or (addresses and not exists) or _is_address(name):
            raise ValueError(f"{text!r} is no name whose answer is known; {_EXAMPLE}")
        return cls(name=name, exists=exists, addresses=addresses)

    def __str__(self) -> str:
        known = "=" + ",".join(sorted(map(str, self.addresses))) if self.addresses else ""
        return f"{'' if self.exists else '!'}{self.name}{known}"


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
