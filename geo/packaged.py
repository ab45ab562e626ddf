"""Networks from the optional package plevin (`pip install ntd[networks]`), behind the same door as a file.

The package brings announced prefixes with AS, organisation, category and country of registration, offline, from CAIDA
and the registries (its description on PyPI, 0.2.3, with plevin-db-network; read 2026-11-22). It is never
required: without it nothing of ours changes, and who configures it is told what to install.
"""

import asyncio
from collections.abc import Callable
from importlib import import_module
from ipaddress import ip_network
from types import ModuleType
from typing import Any, Final

from geo.country import country_code
from geo.mailbox import mailbox
from geo.prefixes import NetworkFact
from schemas.errors import Misconfigured
from schemas.hosting import Address, Category

PACKAGE: Final = "plevin"
REMEDY: Final = (
    'geo.networks: "plevin" is configured, but {what}; '
    "install it with `pip install 'ntd[networks]'`, or take \"plevin\" out of geo.networks"
)
#: Its words for what a range is used for, as far as they are ours. Homes and telephones are access lines.
_CATEGORIES: Final = {
    "hosting": Category.HOSTING,
    "cdn": Category.CDN,
    "residential": Category.ISP,
    "cellular": Category.ISP,
}


class Packaged:
    """The package's database, opened once."""

    name = PACKAGE

    def __init__(self, load: Callable[[str], ModuleType] = import_module) -> None:
        """`load` imports a module by its name."""
        self._load = load
        self._lookup: Callable[[str], Any] | None = None

    async def open(self) -> tuple[str, ...]:
        """Open the database; Misconfigured says what to install where package or database is missing."""
        try:
            self._lookup = await asyncio.to_thread(self._opened)
        except ImportError as fault:
            raise Misconfigured(REMEDY.format(what=f"the package is not installed ({fault})")) from fault
        except LookupError as fault:
            raise Misconfigured(REMEDY.format(what=f"it has no database ({fault})")) from fault
        except (OSError, ValueError) as fault:
            raise Misconfigured(REMEDY.format(what=f"its database cannot be read ({fault})")) from fault
        return ()

    def _opened(self) -> Callable[[str], Any]:
        package = self._load(PACKAGE)
        lookup: Callable[[str], Any] = package.Plevin().lookup
        lookup("0.0.0.0")  # noqa: S104 -- nothing listens: the first question opens the file
        return lookup

    async def find(self, address: Address) -> NetworkFact | None:
        """Say what the package knows about the network of an address; None where it knows none."""
        if self._lookup is None:
            await self.open()
        assert self._lookup is not None  # noqa: S101 -- `open` set it or raised
        return fact_from(self._lookup(str(address)))

    async def state(self) -> object:
        """Give what is another object once the package says something else: it never does while we run."""
        return self

    def standing(self) -> object:
        """Give the same at once."""
        return self


def fact_from(answer: Any) -> NetworkFact | None:
    """Read an answer of the package; None where it knows no network, or says it in a shape we do not know."""
    network = getattr(answer, "network", None)
    cidr, asn = getattr(network, "cidr", None), getattr(network, "asn", None)
    if network is None or not isinstance(cidr, str):
        return None
    operator, carrier = getattr(network, "operator", None), getattr(network, "carrier", None)
    names = (getattr(operator, "company", None), getattr(operator, "brand", None), getattr(network, "handle", None))
    return NetworkFact(
        prefix=ip_network(cidr, strict=False),
        source=PACKAGE,
        asn=asn if isinstance(asn, int) and asn > 0 else None,
        as_name=next((name for name in names if isinstance(name, str) and name), None),
        country=country_code(getattr(network, "country", None)),
        category=_CATEGORIES.get(str(getattr(carrier, "user_type", None) or getattr(operator, "category", None))),
        abuse_email=mailbox(getattr(operator, "abuse_email", None)),
    )
