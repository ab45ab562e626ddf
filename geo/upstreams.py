"""Who sells transit to whom: the relationships of ASes as CAIDA publishes them.

A line reads `<provider-as>|<customer-as>|-1`, or `<peer-as>|<peer-as>|0`, in serial-2 with a fourth column that names
the source; `#` begins a comment (https://publicdata.caida.org/datasets/as-relationships/README.txt, read 2026-11-22).
The data is CAIDA's, under its acceptable use agreement: the operator gets it, we do not ship it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from geo.prefixes import read_asn

_PROVIDER: Final = "-1"
_PEER: Final = "0"
_COLUMNS: Final = frozenset({3, 4})  # CAIDA as-rel, serial 1 and serial 2 (with the source)
#: Bad lines that are named; a file with more of them is some other file.
MOST_FAULTS: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstreams:
    """The transit providers of ASes, each in ascending order: the lowest number is asked first."""

    by_customer: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    name: str = ""
    faults: tuple[str, ...] = ()

    def of(self, asn: int) -> tuple[int, ...]:
        """Give the providers of an AS; () for one that buys no transit, or of which nothing is known.

        >>> read_upstreams(["64500|64501|-1", "64501|64502|0"], "as-rel").of(64501)
        (64500,)
        """
        return self.by_customer.get(asn, ())


def read_upstreams(lines: Iterable[str], source: str) -> Upstreams:
    """Read a file of relationships; bad lines are faults with file, line and reason, and cost no other line.

    ValueError where no line is one of a relationship, or more than `MOST_FAULTS` are not.
    """
    found: dict[int, set[int]] = {}
    faults: list[str] = []
    good = 0
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        try:
            pair = _pair(text)
        except ValueError as fault:
            faults.append(f"{source}, line {number}: {fault}")
            if len(faults) > MOST_FAULTS:
                raise ValueError(f"too many lines are no relationship of ASes; the first: {faults[0]}") from None
            continue
        good += 1
        if pair is not None:
            found.setdefault(pair[1], set()).add(pair[0])
    if not good:
        raise ValueError("it has no line such as 64500|64501|-1: provider, customer, -1")
    providers = {customer: tuple(sorted(sellers)) for customer, sellers in found.items()}
    return Upstreams(by_customer=providers, name=source, faults=tuple(faults))


def _pair(text: str) -> tuple[int, int] | None:
    """Read provider and customer; None for peers."""
    cells = text.split("|")
    if len(cells) not in _COLUMNS or cells[2] not in {_PROVIDER, _PEER}:
        raise ValueError("it is not provider|customer|-1 or peer|peer|0")
    first, second = read_asn(cells[0]), read_asn(cells[1])
    if first is None or second is None or first == second:
        raise ValueError("it does not name two ASes")
    return (first, second) if cells[2] == _PROVIDER else None
