"""Registration data as registries answer it: RDAP objects of RFC 9083. Pure.

`nested` hosters have their abuse desk inside the organisation's entity, as RIPE's answers do; beside it stands a
technical contact with a mailbox, which is not who wants to hear of abuse.
"""

from ipaddress import ip_address
from typing import Any

from ntd.lab.world import Hoster, World

_CONFORMANCE = ["rdap_level_0", "cidr0"]
REGISTRAR = "Registrar van Naam"
REGISTRAR_ABUSE = "abuse@registrar.example"

Document = dict[str, Any]


def network_document(world: World, text: str) -> Document | None:
    """Answer ip/ADDRESS, or None where the registry knows nothing."""
    try:
        hoster = world.hoster_of(ip_address(text))
    except ValueError:
        return None
    if hoster is None or hoster.registration == "none":
        return None
    first, last = hoster.network[0], hoster.network[-1]
    family = "v4prefix" if first.version == 4 else "v6prefix"  # noqa: PLR2004 -- IPv4
    return {
        "rdapConformance": _CONFORMANCE,
        "objectClassName": "ip network",
        "handle": f"{first} - {last}",
        "startAddress": str(first),
        "endAddress": str(last),
        "ipVersion": f"v{first.version}",
        "name": f"{hoster.key.upper()}-NET",
        "type": "ASSIGNED PA",
        "country": hoster.country,
        "status": ["active"],
        "cidr0_cidrs": [{family: str(first), "length": hoster.network.prefixlen}],
        "entities": _contacts(hoster),
        "events": [{"eventAction": "registration", "eventDate": "2019-04-01T09:00:00Z"}],
    }


def number_document(world: World, text: str) -> Document | None:
    """Answer autnum/N, or None."""
    hoster = next((one for one in world.hosters.values() if str(one.asn) == text), None)
    if hoster is None or hoster.registration == "none":
        return None
    return {
        "rdapConformance": _CONFORMANCE[:1],
        "objectClassName": "autnum",
        "handle": f"AS{hoster.asn}",
        "startAutnum": hoster.asn,
        "endAutnum": hoster.asn,
        "name": f"{hoster.key.upper()}-AS",
        "country": hoster.country,
        "status": ["active"],
        "entities": _contacts(hoster),
    }


def domain_document(world: World, name: str) -> Document | None:
    """Answer domain/NAME for the sites of the world, or None."""
    if name.lower() not in world.sites:
        return None
    desk = _entity("ABUSE-REGISTRAR", ["abuse"], "Registrar Abuse Desk", REGISTRAR_ABUSE)
    registrar = _entity("9999", ["registrar"], REGISTRAR, None, [desk])
    return {
        "rdapConformance": _CONFORMANCE[:1],
        "objectClassName": "domain",
        "handle": f"{name.upper()}-TEST",
        "ldhName": name.lower(),
        "status": ["active"],
        "entities": [registrar],
        "events": [{"eventAction": "registration", "eventDate": "2021-02-03T10:00:00Z"}],
    }


def entity_document(world: World, handle: str) -> Document | None:
    """Answer entity/HANDLE, or None."""
    every = [one for hoster in world.hosters.values() for one in _contacts(hoster)]
    every += [inner for one in every for inner in one.get("entities", [])]
    found = next((one for one in every if one["handle"] == handle), None)
    return found and {"rdapConformance": _CONFORMANCE[:1], **found}


def _contacts(hoster: Hoster) -> list[Document]:
    tag = hoster.key.upper()
    technical = _entity(f"NOC-{tag}", ["administrative", "technical"], f"{hoster.name} NOC", _technical(hoster))
    if hoster.registration == "contactless" or not hoster.abuse:
        return [_entity(f"ORG-{tag}", ["registrant"], hoster.name, None)]
    desk = _entity(f"ABUSE-{tag}", ["abuse"], f"{hoster.name} Abuse Desk", hoster.abuse)
    if hoster.registration == "nested":
        return [technical, _entity(f"ORG-{tag}", ["registrant"], hoster.name, None, [desk])]
    return [_entity(f"ORG-{tag}", ["registrant"], hoster.name, None), technical, desk]


def _technical(hoster: Hoster) -> str:
    return f"noc@{hoster.key}.example"


def _entity(
    handle: str, roles: list[str], name: str, mailbox: str | None, inner: list[Document] | None = None
) -> Document:
    card: list[list[Any]] = [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["kind", {}, "text", "group"]]
    if mailbox:
        card.append(["email", {}, "text", mailbox])
    entity: Document = {
        "objectClassName": "entity",
        "handle": handle,
        "roles": roles,
        "vcardArray": ["vcard", card],
    }
    return entity | ({"entities": inner} if inner else {})
