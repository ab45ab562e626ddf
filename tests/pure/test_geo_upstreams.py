"""Who sells transit to whom, in CAIDA's format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.upstreams import MOST_FAULTS, read_upstreams


def test_providers_of_an_as_are_read_and_peers_are_none() -> None:
    """Provider first, customer second, -1; serial-2 names its source in a fourth column; comments are skipped."""
    found = read_upstreams(
        ["# inferred", "64510|64501|-1", "64502|64501|-1|bgp", "64501|64503|0", "", "64501|64504|-1|mlp"], "as-rel.txt"
    )

    assert found.of(64501) == (64502, 64510)
    assert found.of(64504) == (64501,)
    assert found.of(64503) == found.of(64510) == ()
    assert (found.name, found.faults) == ("as-rel.txt", ())


@pytest.mark.parametrize(
    "line",
    ["64500|64501", "64500|64501|1", "64500|x|-1", "64500|64500|-1", "0|64501|-1", "a|b|c|d|e", "64500 64501 -1"],
)
def test_a_bad_line_is_named_and_costs_no_other(line: str) -> None:
    """File, line and reason; the lines around it count."""
    found = read_upstreams(["64510|64501|-1", line, "64511|64501|-1"], "as-rel.txt")

    assert found.of(64501) == (64510, 64511)
    assert len(found.faults) == 1
    assert found.faults[0].startswith("as-rel.txt, line 2: ")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "no line such as"),
        (["# only a comment"], "no line such as"),
        (["network,asn,as_name,country"], "no line such as"),
        (["64500|64501|-1", *["x"] * (MOST_FAULTS + 1)], "too many lines"),
    ],
)
def test_another_file_is_refused(lines: list[str], words: str) -> None:
    """Nothing in it, or hardly anything, is a relationship."""
    with pytest.raises(ValueError, match=words):
        read_upstreams(lines, "as-rel.txt")


@given(st.permutations(["64510|64501|-1", "64502|64501|-1", "64502|64501|-1", "64501|64502|0", "64503|64502|-1"]))
def test_the_order_of_lines_never_matters(lines: list[str]) -> None:
    """The lowest number is asked first, wherever it stands."""
    found = read_upstreams(lines, "as-rel.txt")

    assert (found.of(64501), found.of(64502)) == ((64502, 64510), (64503,))
