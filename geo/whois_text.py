"""What ipwhois made of a port 43 answer, in the shape of an RDAP ip network object.

One shape for both ways: what is stored, parsed and shown later does not depend on which way was open.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from geo.mailbox import mailbox
from schemas.hosting import Address, Network

# "% Abuse contact for '198.51.100.0 - 198.51.100.255' is 'abuse@…'" (RIPE NCC, APNIC, AFRINIC);
# "OrgAbuseEmail: …" (ARIN); "abuse-mailbox: …" (a role in the answer).
_ABUSE: Final = (
    re.compile(r"^% Abuse contact for .{1,200} is '([^']{3,254})'", re.MULTILINE),
    re.compile(r"^(?:Org|R)?AbuseEmail:[ \t]+(\S{3,254})", re.MULTILINE),
    re.compile(r"^abuse-mailbox:[ \t]+(\S{3,254})", re.MULTILINE),
)
#: Characters of the raw answer that are searched; registries' answers are a few thousand long.
_SEARCHED: Final = 200_000


def as_rdap(result: Mapping[str, Any], address: Address) -> dict[str, Any] | None:
    """Turn the most specific network of ipwhois' result into an RDAP object; None where it holds no such network."""
    nets = [(block, net) for net in result.get("nets") or () for block in _blocks(net.get("cidr")) if address in block]
    if not nets:
        return None
    block, net = max(nets, key=lambda pair: pair[0].prefixlen)
    raw = str(result.get("raw") or "")[:_SEARCHED]
    found = dict.fromkeys(a for form in _ABUSE for text in form.findall(raw) if (a := mailbox(text)) is not None)
    return {
        "objectClassName": "ip network",
        "handle": str(net.get("handle") or net.get("name") or ""),
        "startAddress": str(block.network_address),
        "endAddress": str(block.broadcast_address),
        "name": net.get("name"),
        "country": net.get("country"),
        "entities": [
            {"objectClassName": "entity", "roles": ["registrant"], "vcardArray": ["vcard", _named(net)]},
            *({"objectClassName": "entity", "roles": ["abuse"], "vcardArray": ["vcard", _mail(a)]} for a in found),
        ],
    }


def _blocks(text: object) -> Sequence[Network]:
    blocks = []
    for part in text.split(",") if isinstance(text, str) else ():
        try:
            blocks.append(ip_network(part.strip(), strict=False))
        except ValueError:
            continue
    return blocks


def _named(net: Mapping[str, Any]) -> list[list[Any]]:
    name = net.get("description")
    return [["fn", {}, "text", name.splitlines()[0]]] if isinstance(name, str) and name.strip() else []


def _mail(address: str) -> list[list[Any]]:
    return [["email", {}, "text", address]]
