"""However bytes come in, the same records come out, and one bad row never costs another."""

import csv
import io
from collections.abc import Iterable
from itertools import pairwise

import ada_url
from hypothesis import given
from hypothesis import strategies as some

from ntd.intake_records import LIMIT_BYTES, Piece, Reader, Record, cells
from schemas.errors import Refused
from schemas.url import parse_url

LINES = some.lists(some.binary(max_size=30).filter(lambda text: b"\n" not in text), max_size=12)
CELLS = some.text(alphabet='ab",\n\r é', max_size=6)
CUTS = some.lists(some.integers(min_value=0, max_value=400), max_size=8)


def records(data: bytes, cuts: Iterable[int] = ()) -> list[Record | Piece]:
    """Read data that comes in chunks cut at these places."""
    reader = Reader()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = [part for begin, end in pairwise(edges) for part in reader.feed(data[begin:end])]
    found += reader.close()
    return found if reader.header is None else [reader.header, *found]


@given(lines=LINES, cuts=CUTS)
def test_chunks_do_not_matter(lines: list[bytes], cuts: list[int]) -> None:
    """The same bytes cut anywhere give the same records."""
    data = b"\n".join(lines)

    assert records(data, cuts) == records(data)


@given(lines=LINES, cuts=CUTS)
def test_ndjson_is_cut_at_line_ends_only(lines: list[bytes], cuts: list[int]) -> None:
    """Every line that is not blank is given once, byte for byte, with its number."""
    data = b"\n".join([b"{", *lines]) + b"\n"

    found = records(data, cuts)

    expected = [(at, line + b"\n") for at, line in enumerate([b"{", *lines], start=1) if line.strip()]
    assert [(record.line, record.raw) for record in found] == expected


@given(rows=some.lists(some.lists(CELLS, min_size=2, max_size=3), min_size=1, max_size=5), cuts=CUTS)
def test_csv_reads_what_csv_writes(rows: list[list[str]], cuts: list[int]) -> None:
    """Quoted cells may hold commas, quotation marks and line ends; rows come out as they were written."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["url", "report"], *rows])
    data = text.getvalue().encode()

    found = records(data, cuts)

    assert [[cell.decode() for cell in cells(record.raw)] for record in found] == [["url", "report"], *rows]
    assert b"".join(record.raw for record in found) == data


@given(bad=some.text(alphabet='"a,', min_size=1, max_size=8), cuts=CUTS)
def test_one_bad_row_never_costs_another(bad: str, cuts: list[int]) -> None:
    """After whatever stands in one row, the plain rows that follow are read."""
    good = [f"https://img.example/{n},x".encode() for n in range(4)]
    data = b"\n".join([b"url,report", good[0], bad.encode(), *good[1:]]) + b"\n"

    found = [record.raw.strip() for record in records(data, cuts)]

    assert [one for one in found if one in good] == good


@given(size=some.integers(min_value=LIMIT_BYTES - 2, max_value=LIMIT_BYTES + 2), ended=some.booleans())
def test_a_line_over_the_limit_comes_in_pieces(size: int, ended: bool) -> None:
    """A line of 1 MiB is taken whole; one byte more and it is handed on in pieces, none held; the next line is read."""
    data = b"{" + b"x" * (size - 1) + (b"\n{}\n" if ended else b"")

    found = records(data, range(0, len(data), 300_000))

    long = [part for part in found if isinstance(part, Piece)]
    assert bool(long) == (size > LIMIT_BYTES)
    assert b"".join(part.raw for part in found) == data
    assert [part.last for part in long] == [False] * (len(long) - 1) + [True] * bool(long)
    assert found[-1].line == (2 if ended else 1)


def test_a_quotation_that_never_ends_costs_its_line_only() -> None:
    """Rows after an opening quotation mark are read again, at the end of the file as well as after many lines."""
    good = [b"https://img.example/%d,x\n" % n for n in range(250)]
    data = b"url,report\n" + b'https://img.example/,"open\n' + b"".join(good)

    found = records(data)[1:]

    assert isinstance(found[0], Record)
    assert (found[0].broken, found[0].raw) == (True, b'https://img.example/,"open\n')
    assert [record.raw for record in found[1:]] == good


def test_a_row_over_the_limit_costs_nothing_but_itself() -> None:
    """It comes in pieces, after whatever was still open before it."""
    data = b"url,report\n" + b'https://a.example/,"open\n' + b"x" * (LIMIT_BYTES + 1) + b"\nhttps://b.example/,\n"

    found = records(data)[1:]

    assert [(part.line, type(part).__name__, part.raw[:8]) for part in found] == [
        (2, "Record", b"https://"),
        (3, "Piece", b"xxxxxxxx"),
        (4, "Record", b"https://"),
    ]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    """Spreadsheets write one."""
    assert next(record.raw for record in records(b"\xef\xbb\xbfurl\nhttps://a.example/\n", [1, 2])) == b"url\n"


@given(
    text=some.one_of(
        some.from_regex(
            r"https://[a-z0-9.-]{1,9}\.[a-z]{2,4}/[a-zA-Z0-9_./:@-]{0,9}(\?[a-z=&/?.]{0,5})?", fullmatch=True
        ),
        some.from_regex(
            r"https?://([a-z:@]{1,5}@)?[a-z0-9.\[\]:%]{1,12}(:[0-9]{0,5})?[/?#@a-z\\ .]{0,8}", fullmatch=True
        ),
        some.text(max_size=20),
    )
)
def test_a_url_is_cut_up_as_the_parser_would(text: str) -> None:
    """Cutting up the serialisation gives what the parser's own attributes are."""
    try:
        url = parse_url(text)
    except Refused:
        return
    seen = ada_url.URL(text)

    assert url.text == seen.href.partition("#")[0]
    named = seen.hostname.strip("[]")
    assert url.host == (named if named == "." or named.endswith("..") else named.removesuffix("."))
    assert url.port == int(seen.port or {"http": 80, "https": 443}[url.scheme])
    assert url.path.rstrip("?") == (seen.pathname + seen.search).rstrip("?")
