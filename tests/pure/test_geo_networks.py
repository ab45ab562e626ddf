"""What a network file says: rows, faults, longest prefix, several files."""

from ipaddress import IPv4Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.cymru import read_origin
from geo.network_records import from_record
from geo.network_rows import read_csv
from geo.prefixes import Details, NetworkFact, PrefixTable, fact_of, merge, read_origins, unite
from schemas.hosting import Category

NAMES = ("asn", "as", "traits", "country", "category", "type", "name", "abuse_email", "is_hosting", "country_code")
HEADER = "network,asn,as_name,country,category,abuse_email"


def rows(*lines: str, header: str = HEADER) -> list[str]:
    """Make the lines of a file."""
    return [header, *lines]


def fact(prefix: str = "198.51.100.0/24", **values: object) -> NetworkFact:
    """Make what a file says of a network."""
    return NetworkFact(prefix=ip_network(prefix), source="a.csv", **values)  # type: ignore[arg-type]


def longest(table: PrefixTable[Details], address: str) -> NetworkFact | None:
    """Ask a table as `geo.networks` does."""
    found = table.longest(ip_address(address))
    return fact_of(*found, "a.csv") if found is not None else None


def test_the_longest_prefix_decides_alone() -> None:
    """The smaller network's row counts whole: what it leaves blank is not filled from the larger one."""
    table, faults = read_csv(
        rows(
            "198.51.0.0/16,AS64500,Big,US,hosting,abuse@big.test",
            "198.51.100.0/24,64501,Small,NL,,",
            "2001:db8::/32,64502,Six,MD,cdn,",
            "0.0.0.0/0,64999,All,,,",
        ),
        "a.csv",
    )
    small, big, six = (longest(table, a) for a in ("198.51.100.255", "198.51.101.0", "2001:db8::1"))
    everything, nothing = longest(table, "203.0.113.1"), longest(table, "2001:db9::1")

    assert faults == ()
    assert table.size == 4
    assert small == fact(asn=64501, as_name="Small", country="NL")
    assert big is not None
    assert (big.asn, big.category, big.abuse_email) == (64500, Category.HOSTING, "abuse@big.test")
    assert six is not None
    assert (six.asn, six.category) == (64502, Category.CDN)
    assert everything is not None
    assert everything.asn == 64999
    assert nothing is None


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("198.51.100.5/24,1,A,NL,,", "has host bits set"),
        ("nonsense,1,A,NL,,", "'nonsense'"),
        ("198.51.100.0/24,AS,A,NL,,", None),
        ("198.51.100.0/24,-5,A,NL,,", "no AS number"),
        ("198.51.100.0/24,4294967296,A,NL,,", "no AS number"),
        ("198.51.100.0/24,4294967295,A,NL,,", None),
        ("198.51.100.0/24,1,A,Netherlands,,", "no country"),
        ("198.51.100.0/24,1,A,EU,,", None),
        ("198.51.100.0/24,1,A,NL,castle,", "no category"),
        ("198.51.100.0/24,1,A,NL,,abuse", "no mail address"),
        ("198.51.100.0/24,1", "columns"),
        (f"198.51.100.0/24,1,{'A' * 200_000},NL,,", "field larger than field limit"),
        ("198.51.100.0/24,1,A,NL,,,,", "columns"),
        ("203.0.113.0/24,1,A,DE,,", "disagree on country"),
    ],
)
def test_a_bad_row_is_reported_and_costs_no_other_row(row: str, fault: str | None) -> None:
    """File, line and fault are named, and the rows around it count."""
    table, faults = read_csv(rows("203.0.113.0/24,1,A,NL,,", row, "192.0.2.0/24,2,B,DE,,"), "nets.csv")

    assert table.longest(ip_address("203.0.113.9")) is not None
    assert table.longest(ip_address("192.0.2.9")) is not None
    assert len(faults) == (fault is not None)
    if fault is not None:
        assert faults[0].startswith("nets.csv, line 3: ")
        assert fault in faults[0]


def test_every_origin_of_a_network_is_kept_and_the_lowest_leads() -> None:
    """Several rows for a network, or a set in one row: name, country and mailbox are those of the leading AS."""
    table, faults = read_csv(
        rows(
            "192.0.2.0/24,64502,Second,DE,,abuse@second.test",
            "192.0.2.0/24,64501,First,NL,,abuse@first.test",
            "198.51.100.0/24,64504_64503,Both,NL,,",
            "203.0.113.0/24,{64506,64505},Set,MD,,",
        ),
        "a.csv",
    )
    several, both, a_set = (longest(table, a) for a in ("192.0.2.1", "198.51.100.1", "203.0.113.1"))

    assert several == NetworkFact(
        prefix=ip_network("192.0.2.0/24"),
        source="a.csv",
        asn=64501,
        origins=(64501, 64502),
        as_name="First",
        country="NL",
        abuse_email="abuse@first.test",
    )
    assert both is not None
    assert (both.asn, both.origins) == (64503, (64503, 64504))
    assert a_set is not None
    assert (a_set.asn, a_set.origins, a_set.country) == (64505, (64505, 64506), "MD")
    assert faults == ("a.csv, line 3: 192.0.2.0/24 stands here more than once: every origin is kept, AS64501 leads",)


def test_what_rows_contradict_each_other_on_stays_blank() -> None:
    """Two rows for one network and AS: what they agree on counts, the rest is left to weaker sources, and said."""
    table, faults = read_csv(
        rows(
            "2001:db8::/32,64501,Alpha,NL,hosting,",
            "2001:db8::/32,64501,Alpha,DE,,abuse@alpha.test",
            "192.0.2.0/24,64501,Alpha,NL,,",
            "192.0.2.0/24,64501,Alpha,NL,,",
        ),
        "a.csv",
    )
    found = longest(table, "2001:db8::1")

    assert found is not None
    assert (found.as_name, found.country, found.category) == ("Alpha", None, Category.HOSTING)
    assert found.abuse_email == "abuse@alpha.test"
    assert faults == (
        "a.csv, line 3: 2001:db8::/32 stands here more than once: its rows disagree on country, which stays blank",
        "a.csv, line 5: 192.0.2.0/24 stands here more than once: they say the same",
    )


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        ("0", ()),
        ("{}", ()),
        ("64501", (64501,)),
        ("AS64501", (64501,)),
        ("64501_64500", (64500, 64501)),
        ("{64501,64500}", (64500, 64501)),
        ("64502 64501 64502", (64501, 64502)),
        ("AS64502, AS64501", (64501, 64502)),
        ("64500_64501,64502", (64500, 64501, 64502)),
    ],
)
def test_a_set_of_origins_is_read_however_it_is_written(text: str, origins: tuple[int, ...]) -> None:
    """RFC 4271's braces, CAIDA's underscores, Cymru's spaces."""
    assert read_origins(text) == origins


@pytest.mark.parametrize("text", ["64501 x", "-1", " ".join(map(str, range(1, 66)))])
def test_what_is_no_set_of_origins_is_said(text: str) -> None:
    """A word that is no AS number, or more origins than a network has."""
    with pytest.raises(ValueError, match=r"AS number|origins"):
        read_origins(text)


def test_the_zone_names_every_origin_of_the_longest_prefix() -> None:
    """Cymru writes several origins in one record or in several, in any order; a torn record costs no other."""
    texts = [
        "64502 64501 | 192.0.2.0/24 | NL | ripencc | 2020-01-01",
        "64503 | 192.0.2.0/24 | NL | ripencc | 2020-01-01",
        "64499 | 192.0.0.0/16 | DE | ripencc | 2020-01-01",
        "64498 | 192.0.2.0/99 | DE",
        "torn",
    ]
    found = read_origin(texts, ip_address("192.0.2.9"), "zone.test")
    six = read_origin(["64501 | 2001:db8::/32 | NL | x | y"], ip_address("2001:db8::9"), "zone.test")

    assert found is not None
    assert (found.asn, found.origins, str(found.prefix)) == (64501, (64501, 64502, 64503), "192.0.2.0/24")
    assert read_origin(reversed(texts), ip_address("192.0.2.9"), "zone.test") == found
    assert six is not None
    assert str(six.prefix) == "2001:db8::/32"
    assert read_origin(texts, ip_address("203.0.113.9"), "zone.test") is None


@given(st.permutations(range(8)))
def test_the_order_of_rows_never_matters(order: list[int]) -> None:
    """Overlaps, twins, contradictions and sets: every address gets the same answer however the file is sorted."""
    body = [
        "192.0.0.0/16,64510,Big,US,hosting,abuse@big.test",
        "192.0.2.0/24,64501,Alpha,NL,,",
        "192.0.2.0/24,64502,Beta,DE,cdn,",
        "192.0.2.0/24,64501,Alpha,MD,,abuse@alpha.test",
        "192.0.2.128/25,64503 64502,Gamma,,,",
        "192.0.2.128/25,,,FR,hosting,",
        "2001:db8::/32,64501,Alpha,NL,,",
        "2001:db8::/32,64501,Other,NL,,",
    ]
    plain, faults = read_csv(rows(*body), "a.csv")
    mixed, mixed_faults = read_csv(rows(*(body[n] for n in order)), "a.csv")

    for address in ("192.0.3.1", "192.0.2.1", "192.0.2.200", "2001:db8::1", "203.0.113.1"):
        assert longest(mixed, address) == longest(plain, address)
    assert len(mixed_faults) == len(faults) == 4


@given(
    st.lists(
        st.builds(
            Details,
            origins=st.sampled_from([(), (64501,), (64502,), (64501, 64502)]),
            country=st.sampled_from([None, "NL", "DE"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_united_rows_keep_every_origin_and_invent_nothing(said: list[Details]) -> None:
    """Every AS of every row is an origin; what the one row says was said by a row of the leading AS."""
    united, contradicted = unite(said)

    assert set(united.origins) == {origin for one in said for origin in one.origins}
    assert list(united.origins) == sorted(united.origins)
    assert united.country in {one.country for one in said} | {None}
    assert ("country" in contradicted) <= (united.country is None)
    assert unite([united])[0] == united


@pytest.mark.parametrize("header", ["network,asn,country", "a,b,c,d", "", HEADER + ",colour"])
def test_a_file_with_another_header_is_no_network_file(header: str) -> None:
    """The message shows the header that is wanted."""
    with pytest.raises(ValueError, match="network,asn,as_name,country"):
        read_csv([header, "x"], "a.csv")


def test_a_short_header_and_quoted_cells_are_taken() -> None:
    """Category and mailbox may be missing, a name may hold a comma."""
    table, faults = read_csv(["network,asn,as_name,country", '192.0.2.0/24,1,"A, Ltd",NL'], "a.csv")
    found = longest(table, "192.0.2.1")

    assert faults == ()
    assert found is not None
    assert found.as_name == "A, Ltd"


def test_a_later_file_fills_blanks_but_never_speaks_for_another_as() -> None:
    """The first file that knows decides; a country file may stand behind an AS file, another AS may not."""
    first = fact(asn=64501, as_name="Alpha")
    country = fact(country="NL")
    other = fact(asn=64999, country="US", category=Category.CDN)

    assert merge([]) is None
    assert merge([first, country]) == fact(asn=64501, as_name="Alpha", country="NL")
    assert merge([first, other]) == first
    assert merge([country, other]) == fact(asn=64999, country="NL", category=Category.CDN)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"autonomous_system_number": 64501, "autonomous_system_organization": "Alpha"}, (64501, "Alpha", None)),
        ({"country": {"iso_code": "NL"}, "registered_country": {"iso_code": "DE"}}, (None, None, "NL")),
        ({"registered_country": {"iso_code": "DE"}}, (None, None, "DE")),
        ({"asn": "AS64501", "as_name": "Alpha", "country_code": "NL"}, (64501, "Alpha", "NL")),
        ({"asn": 64501, "as_name": "Alpha", "country": "NL", "category": "cdn"}, (64501, "Alpha", "NL")),
        (
            {
                "asn": "AS64501",
                "as_name": "Alpha",
                "as_domain": "a.test",
                "country_code": "NL",
                "country": "Netherlands",
            },
            (64501, "Alpha", "NL"),
        ),
        ({"asn": {"asn": "AS64501", "name": "Alpha", "type": "hosting"}, "country": "NL"}, (64501, "Alpha", "NL")),
        (
            {"traits": {"autonomous_system_number": 64501, "isp": "Alpha"}, "country": {"iso_code": "NL"}},
            (64501, "Alpha", "NL"),
        ),
        ({"asn": [64502, 64501], "as_org": "Alpha"}, (64501, "Alpha", None)),
        ({"asn": True, "autonomous_system_number": 64501}, (64501, None, None)),
        ({"asn": "nonsense", "country": "NL"}, (None, None, "NL")),
    ],
)
def test_a_record_of_an_mmdb_file_is_read_whoever_made_it(
    record: dict[str, object], expected: tuple[object, ...]
) -> None:
    """MaxMind's two kinds, the common flat kind and our own columns."""
    found = from_record(record, IPv4Network("192.0.2.0/24"), "a.mmdb")

    assert found is not None
    assert (found.asn, found.as_name, found.country) == expected


@pytest.mark.parametrize(
    ("record", "category"),
    [
        ({"asn": 1, "category": "cdn"}, Category.CDN),
        ({"asn": 1, "type": "hosting"}, Category.HOSTING),
        ({"asn": 1, "type": "isp"}, Category.ISP),
        ({"asn": 1, "type": "business"}, None),
        ({"asn": 1, "traits": {"user_type": "residential"}}, Category.ISP),
        ({"asn": 1, "traits": {"user_type": "hosting"}}, Category.HOSTING),
        ({"asn": 1, "is_hosting_provider": True}, Category.HOSTING),
        ({"asn": 1, "is_hosting_provider": False, "hosting": "true"}, Category.HOSTING),
    ],
)
def test_other_words_for_what_a_network_is_for_are_ours(record: dict[str, object], category: Category | None) -> None:
    """IPinfo's type, MaxMind's user_type and flags; a word that is none of ours says nothing."""
    found = from_record(record, IPv4Network("192.0.2.0/24"), "a.mmdb")

    assert found is not None
    assert found.category is category


JSON = st.recursive(
    st.sampled_from((None, True, -1, 64501, 2**32, "", "NL", "x\n", "AS64501", "a@b.test", 0.5)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4))
def test_no_record_whatever_its_shape_raises(record: dict[str, object]) -> None:
    """A hostile or strange file says less, and what it says has the types we promise."""
    found = from_record(record, IPv4Network("192.0.2.0/24"), "a.mmdb")

    if found is not None:
        assert found.asn is None or 0 < found.asn <= 0xFFFF_FFFF
        assert found.country is None or len(found.country) == 2
        assert found.as_name is None or found.as_name.isprintable()


@pytest.mark.parametrize("record", [None, 7, "x", [], {"asn": "nonsense"}, {"country": "Netherlands"}])
def test_a_record_that_is_none_is_not_known(record: object) -> None:
    """A file of another kind says nothing, and raises nothing."""
    assert from_record(record, IPv4Network("192.0.2.0/24"), "a.mmdb") is None
