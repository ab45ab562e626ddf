"""Registration answers in the shapes of the five registries, and hostile ones."""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ipwhois.rdap import _RDAPContact, _RDAPEntity, _RDAPNetwork

from geo.rdap import (
    MAX_DEPTH,
    MAX_ENTITIES,
    BadAnswer,
    domain_record,
    filed_under,
    load,
    network_record,
    system_record,
)
from geo.rulebook import shipped_countries
from geo.whois_text import as_rdap
from tests.fakes.geo_rdap import card, entity, network

ADDRESS = ip_address("198.51.100.7")
BLOCK = "198.51.100.0/24"
COUNTRIES = shipped_countries()


def read(answer: dict[str, Any]) -> Any:
    """Read a network's answer."""
    return network_record(answer, ADDRESS, COUNTRIES)


def mails(answer: dict[str, Any]) -> list[str]:
    """Give the abuse mailboxes in order."""
    return [contact.address for contact in read(answer).abuse]


def test_the_parsers_of_ipwhois_are_those_we_know() -> None:
    """The contract with the pinned version: private names, and what they put where."""
    net = _RDAPNetwork(network(BLOCK, country="NL", type="ASSIGNED PA"))
    net.parse()
    person = _RDAPEntity(entity("abuse", "Desk", "abuse@hoster.test"))
    person.parse()
    contact = _RDAPContact(card("Desk", "abuse@hoster.test")[1])
    contact.parse()

    assert (net.vars["start_address"], net.vars["end_address"]) == ("198.51.100.0", "198.51.100.255")
    assert (net.vars["country"], net.vars["type"], net.vars["name"]) == ("NL", "ASSIGNED PA", "EXAMPLE-NET")
    assert person.vars["contact"]["email"] == [{"type": None, "value": "abuse@hoster.test"}]
    assert person.vars["contact"]["name"] == contact.vars["name"] == "Desk"


def test_ripe_nests_the_abuse_contact_in_the_organisation() -> None:
    """The usual answer of the RIPE NCC: registrant, inside it the role with the abuse mailbox."""
    technical = entity("technical", "Engineer", "noc@hoster.test")
    answer = network(
        BLOCK, technical, entity("registrant", "Alpha B.V.", "info@hoster.test", entity("abuse", None, "abuse@a.test"))
    )
    record = read({**answer, "country": "NL", "type": "ASSIGNED PA"})

    assert (record.organisation, record.country, record.kind) == ("Alpha B.V.", "NL", "ASSIGNED PA")
    assert [(contact.address, contact.depth) for contact in record.abuse] == [("abuse@a.test", 2)]


def test_arin_writes_the_country_in_the_address_and_zeros_in_octets() -> None:
    """ARIN's answer has no country: the last line of the owner's address names it."""
    owner = entity("registrant", "Alpha LLC", None, entity("abuse", "Abuse", "abuse@alpha.test"))
    owner["vcardArray"][1].append(["adr", {"label": "1 Main St\nAshburn\nVA\n20147\nUnited States"}, "text", [""] * 7])
    answer = network(BLOCK, owner, startAddress="198.051.100.000", endAddress="198.051.100.255")
    record = read(answer)

    assert (record.country, record.organisation) == ("US", "Alpha LLC")
    assert record.blocks == (ip_network(BLOCK),)


def test_apnic_and_afrinic_name_the_abuse_role_directly() -> None:
    """An abuse role in the object itself is nearer than one inside an organisation."""
    nested = entity("registrant", "Alpha", None, entity("abuse", None, "far@alpha.test"))
    direct = entity("abuse", "IRT", "near@alpha.test")

    assert mails(network(BLOCK, nested, direct)) == ["near@alpha.test", "far@alpha.test"]


def test_lacnic_gives_a_handle_and_several_mailboxes() -> None:
    """Of several mailboxes of one role those marked for abuse come first; each is named once."""
    role = entity("abuse", "Abuse", "second@alpha.test")
    role["vcardArray"][1].append(["email", {"type": ["work", "abuse"]}, "text", "First@alpha.test"])
    role["vcardArray"][1].append(["email", {}, "text", "first@ALPHA.test"])

    assert (
        mails(network(BLOCK, role, country="BR")) == ["First@alpha.test", "second@alpha.test", "first@alpha.test"][:2]
    )


def test_a_mailbox_marked_for_abuse_serves_where_no_role_is() -> None:
    """A technical contact whose address says "abuse" is better than nobody, and worse than an abuse role."""
    technical = entity("technical", "NOC", "noc@alpha.test")
    technical["vcardArray"][1].append(["email", {"type": "abuse"}, "text", "abuse@alpha.test"])
    nested = entity("registrant", "Alpha", None, entity("abuse", None, "role@alpha.test"))

    assert mails(network(BLOCK, technical)) == ["abuse@alpha.test"]
    assert mails(network(BLOCK, technical, nested)) == ["role@alpha.test", "abuse@alpha.test"]


def test_one_odd_line_of_a_card_does_not_cost_its_mailbox() -> None:
    """A line without a value, a number for a name: the mailbox is found all the same."""
    role = entity("abuse", None, "abuse@alpha.test")
    role["vcardArray"][1][:0] = [["fn", {}, "text", 7], ["adr", {}, "text"], ["tel"], [], ["org", None, None, None]]

    assert mails(network(BLOCK, role)) == ["abuse@alpha.test"]


def test_a_network_that_does_not_hold_the_address_is_no_answer() -> None:
    """A registry that answers for another block is not believed."""
    with pytest.raises(BadAnswer, match="does not hold"):
        read(network("203.0.113.0/24"))


def test_members_may_be_missing_and_wrong() -> None:
    """Every member of RFC 9083 is optional; a wrong type is as good as absent."""
    record = read({"objectClassName": "ip network", "country": 5, "name": [], "entities": "none", "handle": None})

    assert (record.handle, record.name, record.country, record.abuse) == (None, None, None, ())
    assert record.blocks == (ip_network("198.51.100.7/32"),)


def test_depth_and_number_of_entities_are_bounded() -> None:
    """The deepest level that is read is read, one deeper is not; the 201st entity is not."""
    deepest = entity("abuse", None, "deep@alpha.test")
    for _ in range(MAX_DEPTH - 1):
        deepest = entity("registrant", "x", None, deepest)
    crowd = [entity("technical") for _ in range(MAX_ENTITIES - 1)]

    assert mails(network(BLOCK, deepest)) == ["deep@alpha.test"]
    assert mails(network(BLOCK, entity("registrant", "x", None, deepest))) == []
    assert mails(network(BLOCK, *crowd, entity("abuse", None, "last@alpha.test"))) == ["last@alpha.test"]
    assert mails(network(BLOCK, *crowd, entity("technical"), entity("abuse", None, "late@alpha.test"))) == []


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-9, 2**64 - 1),
        st.text(max_size=8),
        st.sampled_from([BLOCK, "198.51.100.7"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(
                [
                    "entities",
                    "vcardArray",
                    "roles",
                    "handle",
                    "startAddress",
                    "endAddress",
                    "ipVersion",
                    "country",
                    "name",
                    "type",
                    "parentHandle",
                    "status",
                    "links",
                    "events",
                    "remarks",
                    "nameservers",
                    "ldhName",
                    "objectClassName",
                ]
            ),
            inner,
            max_size=6,
        ),
    ),
    max_leaves=25,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_hostile_json_raises_our_own_error_or_none(answer: Any) -> None:
    """Whatever a registry sends ends in a record or in BadAnswer."""
    answer = answer if isinstance(answer, dict) else {"entities": [answer], "startAddress": answer}
    for reader in (read, domain_record, system_record):
        try:
            reader(load(orjson.dumps(answer)))
        except BadAnswer:
            continue


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"[" * 100_000, b'{"errorCode": 429}', b"\xff\xfe"])
def test_bytes_that_are_no_answer_are_refused(body: bytes) -> None:
    """No JSON, too deep, no object, an error object."""
    with pytest.raises(BadAnswer):
        load(body)


def test_a_domain_names_its_registrar_and_only_its_registrars_abuse_desk() -> None:
    """The abuse contact of the domain's holder is not the registrar's."""
    registrar = entity("registrar", "Registrar Inc.", None, entity("abuse", None, "abuse@registrar.test"))
    answer = {
        "objectClassName": "domain",
        "ldhName": "SITE.test",
        "entities": [entity("registrant", "Somebody", None, entity("abuse", None, "holder@site.test")), registrar],
        "status": ["active", 7, "client transfer prohibited"],
        "nameservers": [{"ldhName": "NS2.site.test."}, {"ldhName": "ns1.site.test"}, 5],
        "events": [{"eventAction": "registration", "eventDate": "2020-01-02T03:04:05Z"}, None],
    }
    record = domain_record(answer)

    assert record.registrar == "Registrar Inc."
    assert [contact.address for contact in record.abuse] == ["abuse@registrar.test"]
    assert record.status == ("active", "client transfer prohibited")
    assert record.nameservers == ("ns1.site.test", "ns2.site.test")
    assert record.created == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_an_answer_is_filed_no_further_than_is_safe() -> None:
    """Its block, cut at the network file's network; an allocation only around the address."""
    wide = network("198.51.0.0/16")
    leaf = ip_network("198.51.100.0/22")

    assert filed_under(read(wide), ADDRESS, None) == ip_network("198.51.0.0/16")
    assert filed_under(read(wide), ADDRESS, leaf) == leaf
    assert filed_under(read({**wide, "type": "ALLOCATED PA"}), ADDRESS, leaf) == ip_network("198.51.100.0/24")
    assert filed_under(read({**wide, "type": "ASSIGNED PA"}), ADDRESS, None) == ip_network("198.51.0.0/16")
    assert filed_under(read(network("198.51.100.4/30", type="REALLOCATION")), ADDRESS, leaf) == ip_network(
        "198.51.100.4/30"
    )


def test_a_block_that_is_no_prefix_is_filed_under_its_part() -> None:
    """A range of several prefixes: the one that holds the address."""
    record = read(network(BLOCK, startAddress="198.51.100.0", endAddress="198.51.101.127"))

    assert record.blocks == (ip_network(BLOCK), ip_network("198.51.101.0/25"))
    assert filed_under(record, ADDRESS, None) == ip_network(BLOCK)


def test_port_43_becomes_the_same_shape() -> None:
    """The most specific network of ipwhois' result, with the abuse mailbox of the raw text."""
    result = {
        "nets": [
            {"cidr": "198.51.0.0/16", "country": "US", "description": "Carrier"},
            {
                "cidr": "198.51.100.0/25, 198.51.100.128/25",
                "country": "NL",
                "name": "ALPHA",
                "description": "Alpha\nB.V.",
            },
        ],
        "raw": "% Abuse contact for '198.51.100.0 - 198.51.100.255' is 'abuse@alpha.test'\n\ne-mail: noc@alpha.test\n",
    }
    found = as_rdap(result, ADDRESS)
    assert found is not None
    record = read(found)

    assert (record.organisation, record.country, record.blocks) == ("Alpha", "NL", (ip_network("198.51.100.0/25"),))
    assert [contact.address for contact in record.abuse] == ["abuse@alpha.test"]
    assert as_rdap({"nets": [{"cidr": None}], "raw": ""}, ADDRESS) is None
