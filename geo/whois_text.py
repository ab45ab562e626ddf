"""What ipwhois made of a port 43 answer, in the shape of an RDAP ip network object.

One shape for both ways: what is stored, parsed and shown later does not depend on which way was open.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any, Final

from geo.mailbox import mailbox
from schemas.hosting import Address, Network

# The surest first: "% Abuse contact for '198.51.100.0 - 198.51.100.255' is 'abuse@…'" (RIPE NCC, APNIC, AFRINIC);
# the network's own and the organisation's mailbox (ARIN); "abuse-mailbox:" of a role in the answer (RPSL).
_ABUSE: Final = (
    re.compile(r"^% Abuse contact for .{1,200} is '([^']{3,254})'", re.MULTILINE),
    re.compile(r"^RAbuseEmail:[ \t]+(\S{3,254})", re.MULTILINE),
    re.compile(r"^OrgAbuseEmail:[ \t]+(\S{3,254})", re.MULTILINE),
    re.compile(r"^abuse-mailbox:[ \t]+(\S{3,254})", re.MULTILINE),
)
# LACNIC: "abuse-c: JDM7", and further down "nic-hdl: JDM7" with its "e-mail:" in the same paragraph.
_DESK: Final = re.compile(r"^abuse-c:[ \t]+(\S{1,80})", re.MULTILINE)
_PARAGRAPH: Final = re.compile(r"\n[ \t\r]*\n")
_HANDLE: Final = re.compile(r"^nic-hdl:[ \t]+(\S{1,80})", re.MULTILINE)
_MAIL: Final = re.compile(r"^e-mail:[ \t]+(\S{3,254})", re.MULTILINE)
_REMARK: Final = re.compile(r"^(?:remarks|Comment):[ \t]+(.{1,500})", re.MULTILINE)
#: Characters of the raw answer that are searched; registries' answers are a few thousand long.
_SEARCHED: Final = 200_000
_MAX_REMARKS: Final = 200


def as_rdap(result: Mapping[str, Any], address: Address) -> dict[str, Any] | None:
    """Turn the most specific network of ipwhois' result into an RDAP object; None where it holds no such network."""
    nets = [(block, net) for net in result.get("nets") or () for block in _blocks(net.get("cidr")) if address in block]
    if not nets:
        return None
    block, net = max(nets, key=lambda pair: pair[0].prefixlen)
    raw = str(result.get("raw") or "")[:_SEARCHED]
    found = dict.fromkeys(a for text in _mailboxes(raw) if (a := mailbox(text)) is not None)
    owner = _first_line(net.get("description"))
    return {
        "objectClassName": "ip network",
        "handle": str(net.get("handle") or net.get("name") or ""),
        "startAddress": str(block.network_address),
        "endAddress": str(block.broadcast_address),
        "name": net.get("name") or owner,
        "country": net.get("country"),
        "remarks": [{"description": _REMARK.findall(raw)[:_MAX_REMARKS]}],
        "entities": [
            {"objectClassName": "entity", "roles": ["registrant"], "vcardArray": ["vcard", _named(owner)]},
            *({"objectClassName": "entity", "roles": ["abuse"], "vcardArray": ["vcard", _mail(a)]} for a in found),
        ],
    }


def _mailboxes(raw: str) -> Iterator[str]:
    for form in _ABUSE:
        yield from form.findall(raw)
    desks = set(_DESK.findall(raw))
    for paragraph in _PARAGRAPH.split(raw):
        if desks & set(_HANDLE.findall(paragraph)):
            yield from _MAIL.findall(paragraph)


def _blocks(text: object) -> Sequence[Network]:
    blocks = []
    for part in text.split(",") if isinstance(text, str) else ():
        try:
            blocks.append(ip_network(part.strip(), strict=False))
        except ValueError:
            continue
    return blocks


def _first_line(text: object) -> str | None:
    return next((line.strip() for line in text.splitlines() if line.strip()), None) if isinstance(text, str) else None


def _named(owner: str | None) -> list[list[Any]]:
    return [["fn", {}, "text", owner]] if owner is not None else []


def _mail(address: str) -> list[list[Any]]:
    return [["email", {}, "text", address]]
