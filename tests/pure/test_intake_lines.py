"""One record of input becomes a submission, or a refusal that says why and repeats nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ntd.intake import Refusal, columns_of, read, too_long
from ntd.intake_records import Piece, Record
from ntd.material import holds_material
from schemas.errors import Refused
from schemas.item import Basis, Classification, Media, Submission

URL = "https://img.example/i/1.jpg"


def line(**values: Any) -> Submission | Refusal:
    """Read one line of NDJSON."""
    return read(Record(line=7, raw=orjson.dumps({"url": URL, **values})))


def taken(**values: Any) -> Submission:
    """Read a line that must be good."""
    outcome = line(**values)
    assert isinstance(outcome, Submission), outcome
    return outcome


def refused(raw: bytes) -> Refusal:
    """Read a line that must be bad."""
    outcome = read(Record(line=7, raw=raw))
    assert isinstance(outcome, Refusal), outcome
    return outcome


def test_only_the_url_is_required() -> None:
    """Everything else has the contract's default."""
    given = taken()

    assert given == Submission(url=given.url)
    assert (given.confirmed, given.classification, given.priority, given.basis) == (
        True,
        Classification.BASELINE,
        5,
        Basis.CSAM,
    )
    assert given.url.text == URL


def test_every_key_of_the_contract_is_read() -> None:
    """The example of the contract, section 4, with every key filled."""
    given = taken(
        report="M-2026-000123",
        reference="SCART-991",
        source="inhope",
        confirmed=True,
        classification="A1",
        confirmed_at="2026-11-20T10:00:00+01:00",
        confirmed_by="analyst-7",
        site_type="imagehost",
        media="image",
        hashes={"sha256": "AB" * 32},
        series="S-17",
        priority=0,
        hold=True,
        hold_until="2027-01-01T00:00:00Z",
        copied_from="c3p",
        basis="ncii",
        reason="One sentence,\n on two lines.",
        found_on="https://forum.example/t/1#post",
        referrer="https://forum.example/",
        access="pass word",
    )

    assert given.classification is Classification.A1
    assert given.confirmed_at == datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert given.hold_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert given.hashes == {"sha256": "ab" * 32}
    assert (given.media, given.basis, given.priority, given.hold) == (Media.IMAGE, Basis.NCII, 0, True)
    assert given.reason == "One sentence,  on two lines."
    assert given.found_on == "https://forum.example/t/1"
    assert (given.report, given.reference, given.source) == ("M-2026-000123", "SCART-991", "inhope")
    assert (given.site_type, given.series, given.copied_from) == ("imagehost", "S-17", "c3p")
    assert (given.confirmed_by, given.referrer, given.access) == ("analyst-7", "https://forum.example/", "pass word")


def test_null_and_empty_are_as_if_left_out() -> None:
    """The contract's example leaves keys empty or null; that says nothing."""
    given = taken(
        report="", reference=None, hold_until=None, copied_from="", reason="", found_on=None, media=None, hashes=None
    )
    assert taken(classification="", media="", basis="", hashes={"sha256": "", "md5": None, "pdna": "x=="}) == replace(
        given, hashes={"pdna": "x=="}
    )

    assert given == taken()


def test_presumed_items_have_no_classification() -> None:
    """Nobody has judged them: null exactly when presumed."""
    assert taken(confirmed=False).classification is None
    assert taken(confirmed=False, classification=None).classification is None
    assert isinstance(line(confirmed=False, classification="baseline"), Refusal)
    assert isinstance(line(confirmed=True, classification=None), Refusal)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"url": 5}, "url is not a text"),
        ({"url": "https://"}, "url is not a valid URL"),
        ({"url": "pics.example/i"}, "url is not a valid URL"),
        ({"url": "pics.example:8080/i"}, "url does not begin with http:// or https://"),
        ({"url": "ftp://pics.example/i"}, "the scheme ftp of url is refused"),
        ({"titel": "x"}, "the key 'titel' is unknown"),
        ({"priorty": 1}, "the key 'priorty' is unknown; did you mean priority?"),
        ({"https://pics.example/": 1}, "the key is unknown; known are url, report"),
        ({"confirmed": "yes"}, "confirmed is neither true nor false"),
        ({"confirmed": None}, "confirmed is neither true nor false"),
        ({"hold": 1}, "hold is neither true nor false"),
        ({"priority": 10}, "priority is not a whole number from 0"),
        ({"priority": True}, "priority is not a whole number"),
        ({"priority": "1"}, "priority is not a whole number"),
        ({"priority": 1.0}, "priority is not a whole number"),
        ({"classification": "C"}, "classification is none of baseline, national, A1"),
        ({"media": "gif"}, "media is none of page, image"),
        ({"basis": "x"}, "basis is none of csam, ncii, other"),
        ({"confirmed_at": "2026-11-20"}, "confirmed_at is not a time with its zone"),
        ({"confirmed_at": "2026-11-20T09:00:00"}, "confirmed_at is not a time with its zone"),
        ({"confirmed_at": "2026-13-20T09:00:00Z"}, "confirmed_at is not a time with its zone"),
        ({"confirmed_at": "0001-01-01T00:00:00+14:00"}, "confirmed_at is not a time with its zone"),
        ({"confirmed_at": 5}, "confirmed_at is not a time with its zone"),
        ({"hold": True, "hold_until": "soon"}, "hold_until is not a time with its zone"),
        ({"hold_until": "2027-01-01T00:00:00Z"}, "hold_until is given without hold"),
        ({"hashes": ["x"]}, "hashes is not an object"),
        ({"hashes": {"sha256": "xyz"}}, "hashes.sha256 is not 64 hexadecimal digits"),
        ({"hashes": {"SHA 256": "xyz"}}, "hashes has a key that is no name of a hash"),
        ({"report": "a\u0000b"}, "report holds a control character"),
        ({"reason": "a\u0007b"}, "reason holds a control character"),
        ({"reference": 5}, "reference is not a text"),
        ({"source": "https://pics.example/1"}, "source is a label of at most 200 characters, and no URL"),
        ({"source": "x" * 201}, "source is a label of at most 200 characters"),
        ({"found_on": "forum.example"}, "found_on is not an http or https URL"),
        ({"referrer": "https://"}, "referrer is not an http or https URL"),
    ],
)
def test_a_refusal_names_line_and_fault_and_repeats_no_value(values: dict[str, Any], fault: str) -> None:
    """The sentence begins with the line, says what is wrong, and holds neither URL nor host."""
    outcome = line(**values)

    assert isinstance(outcome, Refusal)
    assert outcome.error.startswith(f"line 7: {fault}")
    assert "pics.example" not in outcome.error
    assert outcome.keep


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"{", "is not JSON: unexpected end of data at column"),
        (b"[]", "is not a JSON object"),
        (b'"x"', "is not a JSON object"),
        (b"{}", "url is missing"),
        (b'{"url": "https://a.example/"} x', "is not JSON"),
        (b'{"url": "https://a.example/\xff"}', "is not UTF-8 at byte 28"),
        (b'{"url": "https://a.example/\\ud800"}', "is not JSON"),
        (b'{"url": NaN}', "is not JSON"),
        (b"[" * 5000, "is not JSON"),
        (b'{"x":' * 500 + b"1" + b"}" * 500, "the key 'x' is unknown"),
    ],
)
def test_what_is_no_object_is_refused_with_its_place(raw: bytes, fault: str) -> None:
    """Broken JSON, broken UTF-8 and bottomless nesting are faults of one line."""
    outcome = refused(raw)

    assert outcome.error.startswith(f"line 7: {fault}")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"url": "data:image/png;base64,AAAA"}',
        b'{"url": " DATA:image/png;base64,AAAA"}',
        b'{"url": "da\\tta:image/png;base64,AAAA"}',
        b'{"url": "d\\u0061ta:image/png;base64,AAAA"}',
        b'{"url": "blob:https://img.example/0-0"}',
        b'{"url": "view-source:data:text/html,AAAA"}',
        b'{"url": "https://a.example/", "reason": "see data:image/png;base64,AAAA"}',
        b'{"url": "https://a.example/", "found_on": "data:,AAAA"}',
        b'{"url": "https://a.example/", "unknown": {"deep": ["data:,AAAA"]}}',
        b'{"url": "https://a.example/", "priority": 77, "data:,AAAA": 1}',
        b'{"url": "data:image/png;base64,AAAA',
        b'{"url": "d\\u0061\\u0054a\\u003aimage/png;base64,AAAA',
        b'{"url": "\\tdata:image/png;base64,AAAA\xff',
    ],
)
def test_what_carries_the_material_leaves_no_trace(raw: bytes) -> None:
    """data: and blob: hold the material itself, however disguised: nothing of such a line is kept or repeated."""
    outcome = refused(raw)

    assert not outcome.keep
    assert outcome.scheme in {"data", "blob"}
    assert "AAAA" not in outcome.error
    assert outcome.error.startswith("line 7: the schemes data and blob")


@pytest.mark.parametrize("text", ["Data: seen on a forum, twice", "metadata:x", "a database: none"])
def test_words_that_only_look_like_it_are_taken(text: str) -> None:
    """A sentence may speak of data."""
    assert taken(reason=text).reason == text


def test_raw_input_is_searched_for_disguises() -> None:
    """Of what cannot be read the bytes are searched, escapes included."""
    assert holds_material(b'{"url": "\\u0044ATA:x')
    assert holds_material(b"url\nbLoB:https")
    assert not holds_material(b'{"url": "https://img.example/dat/a:1')


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def header(text: bytes) -> list[str]:
    """Read a header."""
    return columns_of(Record(line=1, raw=text))


def test_csv_reads_as_json_does() -> None:
    """The same names as header; a hash is a column of its own, an empty cell says nothing."""
    columns = header(b"url,report,confirmed,priority,hashes.sha256,hold,classification\r\n")
    row = b'https://img.example/i/1.jpg,"M, ""1""",false,3,' + b"cd" * 32 + b",,\r\n"

    given = read(Record(line=2, raw=row), columns)

    assert given == taken(report='M, "1"', confirmed=False, priority=3, hashes={"sha256": "cd" * 32})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (b"url,titel\n", "column 2 of the CSV header 'titel' is unknown"),
        (b"url,prioriti\n", "did you mean priority"),
        (b"report\n", "has no column url"),
        (b"url,url\n", "names the column url twice"),
        (b"url,hashes\n", "hashes.sha256"),
        (b"url,\xff\n", "is not UTF-8"),
        (b"https://img.example/i/1.jpg\n", "column 1 of the CSV header is unknown"),
    ],
)
def test_a_wrong_header_refuses_the_file(text: bytes, fault: str) -> None:
    """Nothing is taken, and what may be a URL is not repeated."""
    with pytest.raises(Refused, match=fault) as said:
        header(text)

    assert "nothing was taken" in str(said.value)
    assert "img.example" not in str(said.value)


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (b"https://a.example/\n", "has 1 cells where the header has 2"),
        (b"https://a.example/,x,y\n", "has 3 cells where the header has 2"),
        (b"https://a.example/,\xff\n", "is not UTF-8"),
        (b"https://a.example/,11\n", "priority is not a whole number"),
        (b",1\n", "url is missing"),
    ],
)
def test_a_wrong_row_is_refused_alone(row: bytes, fault: str) -> None:
    """A row that does not fit its header says so."""
    outcome = read(Record(line=3, raw=row), ["url", "priority"])

    assert isinstance(outcome, Refusal)
    assert outcome.error.startswith(f"line 3: {fault}")


def test_broken_quotation_marks_are_a_fault_of_their_row() -> None:
    """So are those of the header, which refuse the file."""
    outcome = read(Record(line=3, raw=b'"https://a.example/', broken=True), ["url"])

    assert isinstance(outcome, Refusal)
    assert outcome.error == "line 3: its quotation marks do not match"
    with pytest.raises(Refused, match="quotation marks do not match; nothing was taken"):
        columns_of(Record(line=1, raw=b'"url', broken=True))


def test_a_line_over_the_limit_is_refused() -> None:
    """It was not read; whether it carried the material was seen as it came."""
    piece = Piece(line=9, raw=b"", last=True)

    assert too_long(piece, material=False).error == "line 9: is longer than 1 MiB; nothing of it was read"
    assert too_long(piece, material=True).keep is False


def test_a_source_is_given_to_those_that_name_none() -> None:
    """`--source` speaks for the lines that do not speak themselves."""
    raw = orjson.dumps({"url": URL})

    given = read(Record(line=1, raw=raw), None, "libra")
    named = read(Record(line=1, raw=orjson.dumps({"url": URL, "source": "hart"})), None, "libra")

    assert isinstance(given, Submission)
    assert isinstance(named, Submission)
    assert (given.source, named.source) == ("libra", "hart")
