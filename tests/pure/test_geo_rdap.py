"""Registration answers in the shapes of the five registries, and hostile ones."""

from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from geo.blocks import asked_of_the_parent, blocks_of, filed_under, is_direct
from geo.entities import MAX_DEPTH, MAX_ENTITIES, Found
from geo.jcard import MAX_LINES, MAX_MAILBOXES, Card, Mail, read_card
from geo.kept import Kept, decode
from geo.looked import domain_text, entity_text, network_text, system_text
from geo.rdap import BadAnswer, domain_record, entity_record, load, network_record, system_record
from geo.rulebook import shipped_bootstrap, shipped_countries
from geo.whois_text import as_rdap
from tests.fakes.geo_rdap import entity, network

ADDRESS = ip_address("198.51.100.7")
BLOCK = "198.51.100.0/24"
COUNTRIES = shipped_countries()


def read(answer: dict[str, Any]) -> Any:
    """Read a network's answer."""
    return network_record(answer, ADDRESS, COUNTRIES)


def stands_for(record: Any, leaf: Any) -> Any:
    """Say under which block a record is kept."""
    return filed_under(record.blocks, record.kind, ADDRESS, leaf)


def mails(answer: dict[str, Any]) -> list[str]:
    """Give the abuse mailboxes in order."""
    return [contact.address for contact in read(answer).abuse]


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

    assert stands_for(read(wide), None) == ip_network("198.51.0.0/16")
    assert stands_for(read(wide), leaf) == leaf
    assert stands_for(read({**wide, "type": "ALLOCATED PA"}), leaf) == ip_network("198.51.100.0/24")
    assert stands_for(read({**wide, "type": "ASSIGNED PA"}), None) == ip_network("198.51.0.0/16")
    assert stands_for(read(network("198.51.100.4/30", type="REALLOCATION")), leaf) == ip_network("198.51.100.4/30")


def test_a_block_that_is_no_prefix_is_filed_under_its_part() -> None:
    """A range of several prefixes: the one that holds the address."""
    record = read(network(BLOCK, startAddress="198.51.100.0", endAddress="198.51.101.127"))

    assert record.blocks == (ip_network(BLOCK), ip_network("198.51.101.0/25"))
    assert stands_for(record, None) == ip_network(BLOCK)


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
    assert as_rdap({"nets": [{"cidr": None}, {"cidr": "nowhere, 192.0.2.0/24"}], "raw": ""}, ADDRESS) is None


def test_port_43_of_lacnic_names_the_desk_by_its_handle() -> None:
    """The mailbox stands in the paragraph of the handle that abuse-c names; another person's is not taken."""
    raw = "abuse-c: JDM7\n\nnic-hdl: XYZ1\ne-mail: other@alpha.test\n\nnic-hdl: JDM7\ne-mail: desk@alpha.test\n"
    found = as_rdap({"nets": [{"cidr": BLOCK, "description": "\n Alpha \n"}], "raw": raw}, ADDRESS)
    assert found is not None
    record = read(found)

    assert (record.name, record.organisation) == ("Alpha", "Alpha")
    assert [contact.address for contact in record.abuse] == ["desk@alpha.test"]


@pytest.mark.parametrize("kept", [b"{", b"[]", b'{"asked": 1}', b'{"asked": "x", "of": "y", "at": "z", "block": null}'])
def test_what_another_version_kept_is_not_read(kept: bytes) -> None:
    """The question is asked again then."""
    assert decode(kept) is None


def test_a_large_answer_is_read_without_being_remembered() -> None:
    """It says the same as a small one."""
    small = Kept(asked="x", of="y", at=datetime(2026, 1, 1, tzinfo=UTC), answer={"name": "x"}, block=None)
    large = Kept(asked="x", of="y", at=datetime(2026, 1, 1, tzinfo=UTC), answer={"name": "x" * 70_000}, block=None)

    assert (decode(small.encode()), decode(large.encode())) == (small, large)


def test_the_registry_of_a_thing_is_that_of_its_kind() -> None:
    """An address, an AS number, a domain; what IANA gave a registry is the registry's own."""
    known = shipped_bootstrap()

    assert known.registry_of(ip_address("8.8.8.8")) == "https://rdap.arin.net/registry/"
    assert known.registry_of(13335) == "https://rdap.arin.net/registry/"
    assert known.registry_of("a.site.kg") == "http://rdap.cctld.kg/"
    assert known.registry_of(ip_address("10.0.0.1")) is None
    assert known.is_registrys_own([ip_network("198.51.100.0/24"), ip_network("196.0.0.0/8")])
    assert not known.is_registrys_own([ip_network("196.0.0.0/9"), ip_network("2001:db8::/32")])


def test_a_record_in_words_says_all_that_counts() -> None:
    """Blocks, names, country, mailboxes, geofeeds and what is withheld, in a line each."""
    owner = entity("registrant", "Alpha B.V.", None, entity("abuse", None, "abuse@alpha.test"))
    links = [{"rel": "geo", "href": "https://alpha.test/feed.csv"}]
    redacted = [{"name": {"description": "Registrant Email"}}]
    net = read(network(BLOCK, owner, country="NL", links=links, redacted=redacted))

    assert network_text(net) == (
        "198.51.100.0/24, EXAMPLE-NET, Alpha B.V., NL, abuse abuse@alpha.test, geofeed https://alpha.test/feed.csv, "
        "withheld: Registrant Email"
    )
    assert system_text(system_record({"handle": "AS64501", "country": "NL"})) == "AS64501, NL"
    assert system_text(system_record({})) == "registered, and nothing said"
    assert domain_text(domain_record({"status": ["active"]})) == "active"
    assert entity_text(entity_record(owner, desk=False)) == "Alpha B.V., abuse abuse@alpha.test"


def odd(*lines: list[Any]) -> Card:
    """Read a card of these lines."""
    return read_card(["vcard", list(lines)])


@pytest.mark.parametrize(
    "line",
    [
        ["email", {}, "text", "abuse@alpha.test"],
        ["EMAIL", {}, "text", "abuse@alpha.test"],
        ["work.email", {"group": "work"}, "text", "abuse@alpha.test"],
        ["email", None, "text", "abuse@alpha.test"],
        ["email", {}, "abuse@alpha.test"],
        ["email", "text", "abuse@alpha.test"],
        ["email", {"type": None}, "uri", "mailto:abuse@alpha.test?subject=x"],
        ["email", {}, "text", ["abuse@alpha.test"]],
        ["email", {}, "text", "nobody", "abuse@alpha.test"],
        ["email", {}, "text", [["abuse@alpha.test"]]],
        ["email", {}, "text", "h***@alpha.test; abuse@alpha.test"],
        ["email", {"pref": "x"}, 7, " abuse@ALPHA.test "],
    ],
)
def test_an_odd_line_of_a_card_keeps_its_mailbox(line: list[Any]) -> None:
    """Groups, capitals, missing parameters, missing types, lists, several values, URIs and masked neighbours."""
    assert [mail.address for mail in odd(line).mailboxes] == ["abuse@alpha.test"]


@pytest.mark.parametrize(
    "raw", [None, [], "vcard", ["vcard"], ["vcard", False], ["vcard", [[False, {}, "text", "4.0"], ["email"], 7]]]
)
def test_what_is_no_card_is_an_empty_one(raw: object) -> None:
    """A card of a wrong shape says nothing."""
    assert read_card(raw) == Card()


def test_a_card_without_the_word_in_front_is_read() -> None:
    """Lines alone, where the list should begin with "vcard"."""
    assert read_card([["fn", {}, "text", "Alpha"], ["email", {}, "text", "a@alpha.test"]]).name == "Alpha"


def test_mailboxes_come_marked_first_and_then_preferred() -> None:
    """RFC 6350: 1 is the most preferred, none given the least; what is marked for abuse goes before all."""
    card_ = odd(
        ["email", {}, "text", "plain@alpha.test"],
        ["email", {"pref": "2"}, "text", "second@alpha.test"],
        ["email", {"pref": 1}, "text", "first@alpha.test"],
        ["email", {"pref": "100", "type": ["work", "Abuse"]}, "text", "marked@alpha.test"],
    )

    assert card_.mailboxes == (
        Mail(address="marked@alpha.test", marked=True, preference=100),
        Mail(address="first@alpha.test", marked=False, preference=1),
        Mail(address="second@alpha.test", marked=False, preference=2),
        Mail(address="plain@alpha.test", marked=False),
    )


def test_lines_and_mailboxes_of_a_card_are_bounded() -> None:
    """The 200th line is read and the 201st is not; ten mailboxes are kept."""
    filler: list[list[Any]] = [["note", {}, "text", "x"]] * (MAX_LINES - 1)
    many = [["email", {}, "text", f"a{number}@alpha.test"] for number in range(MAX_MAILBOXES + 1)]

    assert odd(*filler, ["fn", {}, "text", "Last"]).name == "Last"
    assert odd(*filler, ["note", {}, "text", "x"], ["fn", {}, "text", "Late"]).name is None
    assert len(odd(*many).mailboxes) == MAX_MAILBOXES


@pytest.mark.parametrize(
    ("line", "country"),
    [
        (["adr", {"cc": "nl"}, "text", ["", "", "", "", "", "", "Deutschland"]], "NL"),
        (["adr", {"CC": "NL"}, "text", ""], "NL"),
        (["adr", {}, "text", ["", "", "1 St", "Town", "", "1234", "US"]], "US"),
        (["adr", {}, "text", ["", "", ["1 St"], "Town", "", "", ["NORWAY"]]], "NO"),
        (["adr", {"label": "1 St\nTown\nVA\n20147\nUnited States"}, "text", [""] * 7], "US"),
        (["adr", {"label": "1 St\\nTown\\nVA\\n20147\\nUnited States"}, "text", [""] * 7], "US"),
        (["adr", {"label": "1 St\r\nTown, Japan\n"}, "text", None], "JP"),
        (["adr", {}, "text", ["1 St", "Town", "South Africa", "", "", "", ""]], "ZA"),
        (["adr", {}, "text", ["", "", "1 St", "Town", "CA", "", ""]], None),
        (["adr", {"label": "1 St\nWilmington\nDE"}, "text", [""] * 7], None),
        (["adr", {"label": 7}, "text", {"country": "US"}], None),
    ],
)
def test_a_country_stands_in_the_parameter_the_seventh_part_or_the_label(line: list[Any], country: str | None) -> None:
    """RFC 8605's parameter goes first; two letters are a country only where a country stands: "CA" may be a state."""
    owner = {
        "objectClassName": "entity",
        "roles": ["registrant"],
        "vcardArray": ["vcard", [["fn", {}, "text", "A"], line]],
    }

    assert read(network(BLOCK, owner)).country == country


def test_the_owner_is_the_organisation_and_never_a_maintainer() -> None:
    """RIPE names maintainers and persons as registrants too; ARIN names a customer."""
    keeper = entity("registrant", "ALPHA-MNT")
    keeper["handle"] = "ALPHA-MNT"
    shadow = entity("registrant", "SHADOW")
    shadow["handle"] = "SHADOW"
    shadow["vcardArray"][1].append(["kind", {}, "text", "individual"])
    person = entity("registrant", "A Person")
    person["vcardArray"][1].append(["kind", {}, "text", "individual"])
    organisation = entity("registrant", "Alpha B.V.")
    organisation["vcardArray"][1].append(["kind", {}, "text", "org"])

    assert read(network(BLOCK, keeper, shadow, person, organisation)).organisation == "Alpha B.V."
    assert read(network(BLOCK, keeper, shadow, person)).organisation == "A Person"
    assert read(network(BLOCK, keeper, shadow)).organisation is None
    assert read(network(BLOCK, entity("customer", "Tenant Inc."), person)).organisation == "A Person"


def test_remarks_name_a_mailbox_where_nothing_better_does() -> None:
    """A role, a mark, a mailbox called abuse, a remark: in this order, each with the words for its provenance."""
    technical = entity("technical", "NOC", "abuse-desk@alpha.test")
    technical["handle"] = "NOC-1"
    marked = entity("administrative", None, "marked@alpha.test")
    marked["vcardArray"][1][1][1]["type"] = "abuse"
    nested = entity("registrant", None, None, entity("abuse", None, "role@alpha.test"))
    remarks = [
        {"description": ["Send abuse reports to remark@alpha.test.", "Peering: peer@alpha.test"]},
        {"description": "abuse@not-read.test is not read"},
        {"description": ["abuse@alpha.test was validated on 2026-01-01", 7], "title": "remarks"},
        "nonsense",
    ]
    record = read(network(BLOCK, technical, marked, nested, remarks=remarks))

    assert [(contact.address, contact.found) for contact in record.abuse] == [
        ("role@alpha.test", Found.ROLE),
        ("marked@alpha.test", Found.MARKED),
        ("abuse-desk@alpha.test", Found.NAMED),
        ("remark@alpha.test", Found.REMARK),
    ]
    assert [contact.provenance for contact in record.abuse] == [
        "abuse role of abuse-1, 1 inside another entity",
        "mailbox marked for abuse of administrative-1",
        "mailbox called abuse of NOC-1",
        "mailbox named for abuse in a remark",
    ]


def test_notices_are_the_registrys_own_and_never_read() -> None:
    """A mailbox in a notice is that of the registry."""
    notice = {"title": "Terms", "description": ["Report abuse of this service to abuse@registry.test"]}

    assert mails(network(BLOCK, notices=[notice])) == []


def test_what_is_withheld_is_unknown_and_named() -> None:
    """RFC 9537: a placeholder is no name, and the record says which fields are withheld."""
    owner = entity("registrant", "REDACTED FOR PRIVACY")
    owner["vcardArray"][1].append(["org", {}, "text", "Alpha B.V."])
    redacted = [
        {"name": {"description": "Registrant Name"}, "method": "emptyValue"},
        {"name": {"type": "Registrant Email"}, "method": "removal"},
        {"name": "nonsense"},
        7,
    ]
    record = read(network(BLOCK, owner, redacted=redacted))

    assert record.organisation == "Alpha B.V."
    assert record.redacted == ("Registrant Name", "Registrant Email")
    assert read(network(BLOCK, entity("registrant", "Data Redacted"))).organisation is None


def test_a_registrys_placeholder_says_nothing() -> None:
    """What stands for all addresses, or for space the registry does not manage, names nobody and no country."""
    desk = entity("abuse", None, "abuse@registry.test")
    wide = read({**network("0.0.0.0/0", desk), "country": "AU"})
    named = read({**network("198.51.0.0/16", desk), "name": "NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK", "country": "EU"})

    assert [(record.country, record.abuse, record.parent) for record in (wide, named)] == [(None, (), None)] * 2
    assert stands_for(wide, None) == ip_network(BLOCK)


@pytest.mark.parametrize(
    ("members", "blocks"),
    [
        ({"startAddress": "198.51.100.0/32", "endAddress": "198.51.100.255/32"}, [BLOCK]),
        ({"startAddress": "198.051.100.000", "endAddress": "198.051.100.255"}, [BLOCK]),
        ({"cidr0_cidrs": [{"v4prefix": "198.51.100.0", "length": 24}, {"length": "x"}, 7]}, [BLOCK]),
        ({"handle": "198.51.100.0 - 198.51.100.255"}, [BLOCK]),
        ({"handle": "NET-1", "cidr0_cidrs": "none"}, ["198.51.100.7/32"]),
    ],
)
def test_a_block_is_read_from_whatever_names_it(members: dict[str, Any], blocks: list[str]) -> None:
    """First and last address in old spellings, prefixes (cidr0), a handle that is a range; else the address itself."""
    assert [str(block) for block in blocks_of(members, ADDRESS)] == blocks


@pytest.mark.parametrize(
    "members",
    [
        {"startAddress": "198.51.100.9", "endAddress": "198.51.100.0"},
        {"startAddress": "198.51.100.0", "endAddress": "2001:db8::"},
        {"startAddress": "2001:db8::", "endAddress": "198.51.100.0"},
        {"startAddress": "198.51.100.0", "endAddress": None},
        {"startAddress": "x", "endAddress": "y"},
        {"handle": "a - b"},
    ],
)
def test_addresses_that_are_none_are_no_answer(members: dict[str, Any]) -> None:
    """Turned round, of two families, half a range, words."""
    with pytest.raises(BadAnswer, match="its addresses are none"):
        read(members)


@pytest.mark.parametrize(
    ("blocks", "parent"),
    [
        (["198.51.100.0/24"], "198.51.100.0/23"),
        (["198.51.100.0/24", "198.51.101.0/25"], "198.51.100.0/23"),
        (["2001:db8::/32"], "2001:db8::/31"),
        (["17.0.0.0/8"], None),
        (["0.0.0.0/0"], None),
        (["2600::/13"], None),
        (["198.51.100.0/24", "2001:db8::/32"], None),
    ],
)
def test_the_parent_is_asked_for_by_the_smallest_prefix_around(blocks: list[str], parent: str | None) -> None:
    """A registry answers with the smallest network that holds what was asked; around a /8 stands only a registry."""
    found = asked_of_the_parent([ip_network(block) for block in blocks])

    assert (str(found) if found is not None else None) == parent


def test_what_a_registry_gave_itself_has_no_parent_but_the_registry() -> None:
    """RIPE: the parent's abuse-c counts unless the parent belongs to the registry itself."""
    assert is_direct("Allocated  PA")
    assert is_direct("ALLOCATED-ASSIGNED PA")
    assert not is_direct("ASSIGNED PA")
    assert not is_direct(None)
    assert read(network(BLOCK, type="ALLOCATED PA")).parent is None
    assert read(network(BLOCK, type="ASSIGNED PA")).parent == ip_network("198.51.100.0/23")


def test_geofeeds_are_linked_or_written_in_a_remark() -> None:
    """RFC 9877's relation, the RIPE NCC's, RFC 9632's remark; nothing but http and https, and two at most."""
    links = [
        {"rel": "self", "href": "https://rdap.test/"},
        {"rel": "Geo", "href": "https://alpha.test/geofeed.csv"},
        {"rel": "geofeed", "href": "ftp://alpha.test/x"},
        {"rel": "geofeed", "href": "https://[::1/"},
        {"rel": ["geo"], "href": "https://alpha.test/y"},
        {"rel": "geo", "href": 7},
        7,
    ]
    remarks = [{"description": ["Geofeed https://alpha.test/two.csv", "geofeed http://alpha.test/three.csv"]}]
    record = read(network(BLOCK, links=links, remarks=remarks))

    assert record.geofeeds == ("https://alpha.test/geofeed.csv", "https://alpha.test/two.csv")


def test_an_as_has_a_country_of_its_own() -> None:
    """What it says itself, else its owner's address; a name of a country serves as well as its code."""
    owner = entity("registrant", "Alpha LLC")
    owner["vcardArray"][1].append(["adr", {"label": "1 St\nUnited States"}, "text", [""] * 7])

    assert system_record({"country": "nl", "entities": [owner]}, COUNTRIES).country == "NL"
    assert system_record({"country": "Netherlands"}, COUNTRIES).country == "NL"
    assert system_record({"entities": [owner]}, COUNTRIES).country == "US"
    assert system_record({"entities": [owner]}).country is None


def test_a_registrar_named_only_by_its_handle_can_be_asked_for() -> None:
    """The handle is the name then, and the reference."""
    record = domain_record({"entities": [{"handle": "REG-1", "roles": ["registrar"]}, entity("technical")]})

    assert (record.registrar, record.references, record.abuse) == ("REG-1", ("REG-1",), ())


@pytest.mark.parametrize(
    ("dates", "created"),
    [
        (["2020-01-02T03:04:05.123Z"], datetime(2020, 1, 2, 3, 4, 5, 123000, tzinfo=UTC)),
        (["2020-01-02T03:04:05"], datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (["yesterday", "2020-01-02"], datetime(2020, 1, 2, tzinfo=UTC)),
        (["yesterday"], None),
        ([7], None),
    ],
)
def test_the_creation_date_is_the_event_registration(dates: list[object], created: datetime | None) -> None:
    """A date without a zone is UTC; one that is none is passed over."""
    events = [{"eventAction": "registration", "eventDate": date} for date in dates]

    assert (
        domain_record({"events": [*events, {"eventAction": "expiration", "eventDate": "2030-01-01"}]}).created
        == created
    )


def test_an_object_of_another_class_is_no_answer() -> None:
    """Each reader takes its own class, and answers that name none."""
    for reader in (read, domain_record, system_record, lambda answer: entity_record(answer, desk=True)):
        with pytest.raises(BadAnswer):
            reader({"objectClassName": "nameserver"})
