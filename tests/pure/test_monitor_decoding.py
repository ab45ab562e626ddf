"""How a body is unpacked, and when that is given up."""

import gzip
import zlib
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from monitor.decoding import BETWEEN_BYTES, FRAMES_MOST, PIECE_BYTES, BrokenEncoding, decoder_for


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"x" * 5000)),
        ("deflate", zlib.compress(b"x" * 5000)),
        ("deflate", zlib.compress(b"x" * 5000)[2:-4]),
        (None, b"x" * 5000),
        ("br", brotli.compress(b"x" * 5000)),
        ("zstd", zstd.compress(b"x" * 5000)),
        ("zstd", zstd.compress(b"x" * 3000) + b"\x50\x2a\x4d\x18\x02\0\0\0ab" + zstd.compress(b"x" * 2000)),
        ("utf-8", b"x" * 5000),
    ],
    ids=["gzip", "zlib", "bare deflate", "identity", "br", "zstd", "zstd in frames", "no packing"],
)
@pytest.mark.parametrize("step", [1, 7, 5000])
def test_unpacking_in_pieces(encoding: str | None, packed: bytes, step: int) -> None:
    """A body is unpacked the same however it is cut; a name that is no packing leaves it as it is."""
    decoder = decoder_for(encoding)
    unpacked = b"".join(piece for at in range(0, len(packed), step) for piece in decoder.pieces(packed[at : at + step]))

    assert unpacked == b"x" * 5000
    assert decoder.complete


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("br", partial(brotli.compress, quality=1)), ("zstd", zstd.compress)],
)
def test_unpacking_goes_no_further_than_asked(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """A bomb gives bounded pieces, each only when it is asked for."""
    pieces = decoder_for(encoding).pieces(pack(bytes(10_000_000)))

    assert all(0 < len(next(pieces)) <= 2 * PIECE_BYTES for _ in range(3))


@given(
    body=st.binary(min_size=1, max_size=3000),
    step=st.integers(1, 3000),
    packing=st.sampled_from(["br", "zstd", "gzip"]),
)
def test_any_body_survives_any_packing(body: bytes, step: int, packing: str) -> None:
    """Whatever is packed comes out again, cut anywhere, and only its end is its end."""
    packed = {"br": brotli.compress, "zstd": zstd.compress, "gzip": gzip.compress}[packing](body)
    decoder, short = decoder_for(packing), decoder_for(packing)
    unpacked = b"".join(piece for at in range(0, len(packed), step) for piece in decoder.pieces(packed[at : at + step]))
    started = b"".join(short.pieces(packed[:-1]))

    assert (unpacked, decoder.complete) == (body, True)
    assert (started == body[: len(started)], short.complete) == (True, False)


@given(packed=st.binary(max_size=300), packing=st.sampled_from(["br", "zstd", "gzip", "deflate", "br, zstd"]))
def test_garbage_is_broken_or_unpacked_and_nothing_else(packed: bytes, packing: str) -> None:
    """No bytes raise anything but that the body is broken, and no piece is larger than what may exist at once."""
    sizes: list[int] = []
    with suppress(BrokenEncoding):
        sizes += map(len, decoder_for(packing).pieces(packed))

    assert max(sizes, default=0) <= PIECE_BYTES


@pytest.mark.parametrize(
    ("encoding", "packed", "words"),
    [
        ("br", brotli.compress(b"x" * 9000, lgwin=24), "too large a window"),
        ("br", b"\x11", "too large a window"),
        (
            "zstd",
            zstd.compress(bytes(9_000_000), options={zstd.CompressionParameter.window_log: 25}),
            "not packed the way",
        ),
        ("zstd", zstd.compress(b"") * (FRAMES_MOST + 1), "does not end its frames"),
    ],
)
def test_packings_that_want_too_much(encoding: str, packed: bytes, words: str) -> None:
    """A window of more than 4 MiB, or frames without end, are more than a look has."""
    with pytest.raises(BrokenEncoding, match=words):
        list(decoder_for(encoding).pieces(packed))


@pytest.mark.parametrize("window", [10, 16, 17, 18, 22])
def test_every_window_that_fits_is_read(window: int) -> None:
    """Each size of a window that br can name and we have room for is unpacked, also where nothing comes first."""
    decoder = decoder_for("br")
    before = list(decoder.pieces(b""))

    assert (before, decoder.complete) == ([], True)
    assert b"".join(decoder.pieces(brotli.compress(b"x" * 5000, lgwin=window))) == b"x" * 5000


@pytest.mark.parametrize("letters", [99_000, 900_000, 9_000_000])
def test_all_of_a_body_is_unpacked_though_nothing_more_comes(letters: int) -> None:
    """A dozen packed bytes hold more than one piece: all of it is given, and the end is seen."""
    decoder = decoder_for("br")

    assert sum(map(len, decoder.pieces(brotli.compress(b"x" * letters, lgwin=22)))) == letters
    assert decoder.complete


def test_two_wide_windows_around_one_body_are_too_much() -> None:
    """A window of 4 MiB is read, and of two of them neither: both at once would be all the memory of a look."""
    wide = brotli.compress(brotli.compress(b"x" * 5000, lgwin=22), lgwin=22)

    with pytest.raises(BrokenEncoding, match="too large a window"):
        list(decoder_for("br, br").pieces(wide))


def test_packing_that_nobody_can_unpack_is_named() -> None:
    """A registered packing that we lack is no content; its body says nothing of the thing."""
    with pytest.raises(BrokenEncoding, match="nobody asked for"):
        decoder_for("compress")


def test_body_packed_twice() -> None:
    """The packing named last was put around last, and is taken off first."""
    decoder = decoder_for("deflate, gzip")
    packed = gzip.compress(zlib.compress(b"x" * 5000))
    early = list(decoder.pieces(packed[:10]))

    assert (early, decoder.complete) == ([], False)
    assert b"".join(decoder.pieces(packed[10:])) == b"x" * 5000
    assert decoder.complete


def test_body_packed_three_times() -> None:
    """Nobody packs three times; "identity" is no packing."""
    with pytest.raises(BrokenEncoding, match="more than 2 times"):
        decoder_for("gzip, gzip, gzip")

    assert list(decoder_for("identity, identity, identity").pieces(b"x")) == [b"x"]


def test_endless_between_two_packings() -> None:
    """What is large in between and comes to nothing is given up: here a name in a gzip header that does not end."""
    endless = b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * (BETWEEN_BYTES + 1)
    with pytest.raises(BrokenEncoding, match="does not end in between"):
        list(decoder_for("gzip, gzip").pieces(gzip.compress(endless)))


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_body_that_is_not_packed_as_it_says(encoding: str) -> None:
    """What cannot be unpacked is named so."""
    with pytest.raises(BrokenEncoding):
        list(decoder_for(encoding).pieces(b"<html>plain</html>"))
