"""What a network file says: rows, faults, longest prefix, several files."""

from ipaddress import IPv4Network, ip_address, ip_network

import pytest

from geo.prefixes import NetworkFact, from_record, merge, read_csv
from schemas.hosting import Category

HEADER = "network,asn,as_name,country,category,abuse_email"


def rows(*lines: str, header: str = HEADER) -> list[str]:
    """Make the lines of a file."""
    return [header, *lines]


def fact(prefix: str = "198.51.100.0/24", **values: object) -> NetworkFact:
    """Make what a file says of a network."""
    return NetworkFact(prefix=ip_network(prefix), source="a.csv", **values)  # type: ignore[arg-type]


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
    small, big, six = (table.longest(ip_address(a)) for a in ("198.51.100.255", "198.51.101.0", "2001:db8::1"))
    everything, nothing = table.longest(ip_address("203.0.113.1")), table.longest(ip_address("2001:db9::1"))

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
        ("198.51.100.0/24,1,A,NL,,,,", "columns"),
        ("203.0.113.0/24,2,B,NL,,", "a second time"),
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


def test_of_two_rows_for_one_network_the_first_counts() -> None:
    """A conflict inside a file is decided by order, and said."""
    table, faults = read_csv(rows("192.0.2.0/24,1,First,NL,,", "192.0.2.0/24,2,Second,DE,,"), "a.csv")
    found = table.longest(ip_address("192.0.2.1"))

    assert found is not None
    assert found.as_name == "First"
    assert len(faults) == 1


@pytest.mark.parametrize("header", ["network,asn,country", "a,b,c,d", "", HEADER + ",colour"])
def test_a_file_with_another_header_is_no_network_file(header: str) -> None:
    """The message shows the header that is wanted."""
    with pytest.raises(ValueError, match="network,asn,as_name,country"):
        read_csv([header, "x"], "a.csv")


def test_a_short_header_and_quoted_cells_are_taken() -> None:
    """Category and mailbox may be missing, a name may hold a comma."""
    table, faults = read_csv(["network,asn,as_name,country", '192.0.2.0/24,1,"A, Ltd",NL'], "a.csv")
    found = table.longest(ip_address("192.0.2.1"))

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
    ],
)
def test_a_record_of_an_mmdb_file_is_read_whoever_made_it(
    record: dict[str, object], expected: tuple[object, ...]
) -> None:
    """MaxMind's two kinds, the common flat kind and our own columns."""
    found = from_record(record, IPv4Network("192.0.2.0/24"), "a.mmdb")

    assert found is not None
    assert (found.asn, found.as_name, found.country) == expected


@pytest.mark.parametrize("record", [None, 7, "x", [], {"asn": "nonsense"}])
def test_a_record_that_is_none_is_not_known(record: object) -> None:
    """A file of another kind says nothing, and raises nothing."""
    assert from_record(record, IPv4Network("192.0.2.0/24"), "a.mmdb") is None
