"""Where an answer begins and ends, however its bytes are cut; what breaks HTTP or a bound is named."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from monitor.certificate import covers, tls_facts
from monitor.framing import (
    FRAMING_BYTES,
    HEAD_BYTES,
    INTERIM_MOST,
    LINE_BYTES,
    TRAILER_BYTES,
    BrokenAnswer,
    HeadReader,
)

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def read(*pieces: bytes) -> tuple[int, bytes, bool]:
    """Read a whole answer: status, content, and whether it said itself that it was over."""
    reader, framing, status, content = HeadReader(), None, 0, b""
    for piece in pieces:
        if framing is None:
            if (head := reader.feed(piece)) is None:
                continue
            status, framing, rest = head.status, head.framing, reader.rest
        else:
            rest = piece
        content += framing.feed(rest)
    assert framing is not None
    done = framing.done
    framing.close()
    return status, content, done


def fields(head: bytes) -> dict[str, str]:
    """Read the fields of a head."""
    found = HeadReader().feed(head)
    assert found is not None
    return dict(found.fields)


@pytest.mark.parametrize(
    ("answer", "status", "content", "done"),
    [
        (OK + b"Content-Length: 3\r\n\r\nabc", 200, b"abc", True),
        (OK + b"Content-Length: 3, 3\r\n\r\nabc", 200, b"abc", True),
        (OK + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc\r\n", 200, b"abc", True),
        (OK + b"Content-Length: 0\r\n\r\n", 200, b"", True),
        (OK + b"\r\nabc", 200, b"abc", False),
        (OK + b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc", 200, b"abc", True),
        (CHUNKED + b"3\r\nabc\r\n2 ;x=y\r\nde\r\n0\r\n\r\n", 200, b"abcde", True),
        (CHUNKED + b"3\nabc\n0\n\n", 200, b"abc", True),
        (CHUNKED + b"3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n\r\n", 200, b"abc", True),
        (OK + b"Content-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, b"abc", True),
        (b"HTTP/1.0 404\nX: y\n\nno", 404, b"no", False),
        (b"HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n", 999, b"", True),
        (b"HTTP/1.1 204 No\r\n\r\nnonsense", 204, b"", True),
        (b"HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", 304, b"", True),
        (b"HTTP/1.1 101 Other\r\nUpgrade: x\r\n\r\nxyz", 101, b"", True),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n" + OK + b"\r\nabc", 200, b"abc", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * INTERIM_MOST + OK + b"\r\n", 200, b"", False),
    ],
)
def test_answer_is_read_the_same_however_it_is_cut(answer: bytes, status: int, content: bytes, *, done: bool) -> None:
    """Status, content and end are those of the bytes, in one piece, in two cut anywhere, and byte by byte."""
    wanted = (status, content, done)

    assert read(answer) == wanted
    assert {read(answer[:at], answer[at:]) for at in range(1, len(answer))} == {wanted}
    assert read(*(answer[at : at + 1] for at in range(len(answer)))) == wanted


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "not HTTP"),
        (b"HTTQ", "not HTTP"),
        (b"HTTP/2.0 200 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 2000 OK\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 099 OK\r\n\r\n", "not HTTP"),
        (OK + b"X: \0\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * (INTERIM_MOST + 1), "again and again"),
        (OK + b"X: " + b"a" * HEAD_BYTES, "head of the answer does not end"),
        (OK + b"X: y\r\n" * (HEAD_BYTES // 6), "head of the answer does not end"),
        (OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\n", "no number, or more than one"),
        (OK + b"Content-Length: -3\r\n\r\n", "no number, or more than one"),
        (OK + b"Content-Length: 3\r\n\r\nabcd", "more came than the Content-Length"),
        (OK + b"Content-Length: 3\r\n\r\nabc\r\n\r\n", "more came than the Content-Length"),
        (OK + b"Content-Length: 3\r\n\r\nab", "shorter than its Content-Length"),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", "not asked for"),
        (CHUNKED + b"3\r\nabc\r\n", "last chunk is missing"),
        (CHUNKED + b"x\r\n", "size of a chunk is no number"),
        (CHUNKED + b"-3\r\n", "size of a chunk is no number"),
        (CHUNKED + b"1234567890abcdef\r\n", "size of a chunk is no number"),
        (CHUNKED + b"3\r\nabcd\r\n", "longer than its size"),
        (CHUNKED + b"0\r\n\r\nHTTP/1.1 200 OK\r\n", "more came than the last chunk"),
        (CHUNKED + b"3;" + b"x" * LINE_BYTES, "line between the chunks is too long"),
        (CHUNKED + b"0\r\n" + b"X: y\r\n" * (TRAILER_BYTES // 3), "trailers do not end"),
        (CHUNKED + b"1;xxxxxxxx\r\na\r\n" * (FRAMING_BYTES // 10), "more framing than content"),
    ],
)
def test_what_breaks_http_or_a_bound_is_named(answer: bytes, words: str) -> None:
    """Each break ends the reading with words that say what it is."""
    with pytest.raises(BrokenAnswer, match=words):
        read(answer)


def test_bounds_are_exact() -> None:
    """A head of exactly the limit is read, one byte more is not; the same holds of a line between chunks."""
    room = HEAD_BYTES - len(OK + b"X: \r\n\r\n")
    line = b"3;" + b"x" * (LINE_BYTES - 2)

    assert read(OK + b"X: " + b"a" * room + b"\r\n\r\n")[0] == 200
    with pytest.raises(BrokenAnswer, match="does not end"):
        read(OK + b"X: " + b"a" * (room + 1) + b"\r\n\r\n")
    assert read(CHUNKED + line + b"\nabc\r\n0\r\n\r\n")[1] == b"abc"
    with pytest.raises(BrokenAnswer, match="too long"):
        read(CHUNKED + line + b"x\nabc\r\n0\r\n\r\n")


def test_fields_are_read_as_browsers_read_them() -> None:
    """Names in lower case, white space off, folded lines joined, what is no field passed over, the first one counts."""
    head = OK + b"Location :  /a\r\n folded\r\nnonsense\r\nLOCATION: /b\r\nContent-Encoding: gzip\r\n"
    found = fields(head + b"Content-Encoding: deflate\r\nX: caf\xe9\r\n\r\n")

    assert found["location"] == "/a folded"
    assert found["content-encoding"] == "gzip,deflate"
    assert found["x"] == "caf\udce9"
    assert len(found) == 3


def test_a_head_begins_with_its_first_byte() -> None:
    """A connection that ends before the first byte of a head gave no answer; one that ends later broke it."""
    reader = HeadReader()
    before = reader.begun
    reader.feed(b"HTTP/1.1 100 Continue\r\n\r\n")
    between = reader.begun
    reader.feed(b"H")

    assert (before, between, reader.begun) == (False, False, True)


@given(content=st.lists(st.binary(min_size=1, max_size=300), max_size=20), cut=st.integers(1, 40))
def test_chunks_give_back_what_went_in(content: list[bytes], cut: int) -> None:
    """Whatever is written in chunks comes out as it was, however the stream is cut."""
    stream = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in content) + b"0\r\n\r\n"
    pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]

    assert read(*pieces) == (200, b"".join(content), True)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_are_a_bug(noise: bytes, cut: int) -> None:
    """Whatever a server sends is an answer or breaks HTTP, and never anything else."""
    for stream in (noise, OK + noise, CHUNKED + noise):
        pieces = [stream[at : at + cut] for at in range(0, len(stream), cut)]
        try:
            status = HeadReader().feed(stream) and read(*pieces)[0]
        except BrokenAnswer:
            continue
        assert status in {None, 200}


# ── certificates ──


@pytest.mark.parametrize(
    ("name", "host", "so"),
    [
        ("img.test", "img.test", True),
        ("IMG.Test.", "img.test", True),
        ("*.test", "img.test", True),
        ("*.test", "test", False),
        ("*.test", "a.img.test", False),
        ("i*.test", "img.test", False),
        ("*.2.3.4", "1.2.3.4", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("0:0::1", "::1", True),
        ("img.test", "::1", False),
    ],
)
def test_a_name_covers_a_host(name: str, host: str, *, so: bool) -> None:
    """A star stands for one whole first label; addresses are compared as addresses."""
    assert covers(name, host) is so


def test_a_certificate_that_cannot_be_read() -> None:
    """It is noted by its fingerprint, and nothing is guessed."""
    noted = tls_facts(b"no certificate", trust="not trusted", protocol=None, host="img.test")

    assert (noted.expires_at, noted.name_matches, noted.protocol) == (None, False, "")
    assert len(noted.certificate_sha256) == 64


@pytest.mark.parametrize("names", [(), ("other.test", "img.test")])
def test_a_certificate_speaks_for_the_names_it_lists(names: tuple[str, ...]) -> None:
    """Only its list of names counts, never its subject (RFC 9525, section 2)."""
    key, named = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "img.test")]),
    )
    ends = datetime(2026, 12, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(named, named, key.public_key(), 1, ends - timedelta(days=90), ends)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
    der = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    noted = tls_facts(der, trust="ok", protocol="TLSv1.3", host="img.test")

    assert (noted.expires_at, noted.name_matches) == (ends, bool(names))
