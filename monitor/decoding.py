"""A body unpacked under a bound, however much it would unpack to. Pure."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import brotli
from backports import zstd

#: What we say we can unpack, as a browser does over plain http. br and zstd are unpacked where they come unasked.
ENCODINGS: Final = ("gzip", "deflate")
#: Unpacked bytes that exist at once.
PIECE_BYTES: Final = 65_536
#: Packings around one body: servers behind servers pack twice, nobody needs more.
LAYERS_MOST: Final = 2
#: Bytes between two packings: what comes to more than this without filling a look is made to keep us busy.
BETWEEN_BYTES: Final = 4 * 1024 * 1024
_ZLIB_HEADER_BYTES: Final = 2
#: What a packing may have us remember of the body, as a power of two: 4 MiB. Servers ask for 512 KiB to 4 MiB; RFC 9659
#: lets zstd have 8 MiB and RFC 7932 lets br have 16, which would be our whole memory for a look.
WINDOW_LOG_MOST: Final = 22
#: … each of two that are put around one body.
WINDOW_LOG_TWICE: Final = 21
_WIDE: Final = frozenset({"br", "zstd"})
#: Frames of zstd in one body: a server that flushes by frames sends some, one that keeps us busy sends thousands.
FRAMES_MOST: Final = 256
#: What "large window" brotli may ask for, which is no part of the RFC.
_LARGE_WINDOW_LOG: Final = 30
#: Packings by name (IANA, HTTP Content Coding Registry, 2026-11) that we cannot unpack: what is inside is not known.
#: Any other name is a server's mistake ("utf-8", "none"), and the body is not packed.
_STRANGE: Final = frozenset(
    {"compress", "x-compress", "exi", "pack200-gzip", "aes128gcm", "dcb", "dcz"}
    # … and what some servers are set up to send all the same
    | {"xz", "lzma", "x-lzma", "bzip2", "x-bzip2", "bz2", "lz4", "lzo", "snappy", "zip", "7z", "rar", "sdch", "lzip"}
)
_NOT_AS_SAID: Final = "the body is not packed the way its Content-Encoding says"


class BrokenEncoding(Exception):  # noqa: N818 -- a fact about the other side, not an error of ours
    """The body is not what its Content-Encoding says."""


class Decoder(Protocol):
    """Unpacks a body piece by piece."""

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Give what `raw` unpacks to, in pieces that are bounded; who has enough asks for no more."""
        ...

    @property
    def complete(self) -> bool:
        """Say whether the body may end here."""
        ...


class Identity:
    """A body that is not packed, whatever its server calls that."""

    complete = True

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Give the bytes as they are."""
        yield raw


class Unpacker:
    """gzip (RFC 1952), or deflate with or without the zlib wrapper that servers leave away (RFC 9110, 8.4.1.2)."""

    def __init__(self, window_bits: int | None) -> None:
        """Unpack with zlib's `window_bits`; None: deflate, whose first two bytes say whether it is wrapped."""
        self._inflate = zlib.decompressobj(window_bits) if window_bits is not None else None
        self._head = b""

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Unpack a piece; BrokenEncoding when it cannot be."""
        if self._inflate is None:
            self._head += raw
            if len(self._head) < _ZLIB_HEADER_BYTES:
                return
            raw, self._inflate = self._head, zlib.decompressobj(_window_bits(self._head))
        self._head = self._head or raw[:1]
        while raw and not self._inflate.eof:
            try:
                piece = self._inflate.decompress(raw, PIECE_BYTES)
            except zlib.error as fault:
                raise BrokenEncoding(_NOT_AS_SAID) from fault
            raw = self._inflate.unconsumed_tail
            if piece:
                yield piece

    @property
    def complete(self) -> bool:
        """Say whether the end of the packed stream was seen, or nothing came at all."""
        return not self._head or (self._inflate is not None and self._inflate.eof)


class Brotli:
    """br (RFC 7932)."""

    def __init__(self, window_log_most: int = WINDOW_LOG_MOST) -> None:
        """Unpack with a window of at most that, as a power of two."""
        self._decoder: brotli.Decompressor | None = None
        self._most = window_log_most

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Unpack a piece; BrokenEncoding when it cannot be, or wants more memory than a look has."""
        if self._decoder is None:
            if not raw:
                return
            if _brotli_window_log(raw[0]) > self._most:
                raise BrokenEncoding("the packing wants too large a window")
            self._decoder = brotli.Decompressor()
        try:
            while raw or not self._decoder.is_finished():
                piece = self._decoder.process(raw, output_buffer_limit=PIECE_BYTES)
                # It may take all that came and still have more to give than one piece.
                if not piece and self._decoder.can_accept_more_data():
                    return
                if piece:
                    yield piece
                raw = b""
        except brotli.error as fault:
            raise BrokenEncoding(_NOT_AS_SAID) from fault

    @property
    def complete(self) -> bool:
        """Say whether the end of the packed stream was seen, or nothing came at all."""
        return self._decoder is None or self._decoder.is_finished()


def _brotli_window_log(first: int) -> int:
    """Read the window's size from the first byte of a stream (RFC 7932, 9.1); "large" ones included.

    >>> _brotli_window_log(0x1B)
    22
    """
    if not first & 1:
        return 16
    if high := first >> 1 & 7:
        return 17 + high
    return {0: 17, 1: _LARGE_WINDOW_LOG}.get(low := first >> 4 & 7, 8 + low)


class Zstandard:
    """zstd (RFC 8878), one frame after the other."""

    def __init__(self, window_log_most: int = WINDOW_LOG_MOST) -> None:
        """Unpack with a window of at most that, as a power of two."""
        self._most = window_log_most
        self._decoder = _zstd(window_log_most)
        self._frames = 0

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Unpack a piece; BrokenEncoding when it cannot be, or wants more memory than a look has."""
        try:
            while raw or not (self._decoder.eof or self._decoder.needs_input):
                if self._decoder.eof or not self._frames:
                    self._next_frame()
                if piece := self._decoder.decompress(raw, PIECE_BYTES):
                    yield piece
                raw = self._decoder.unused_data if self._decoder.eof else b""
        except zstd.ZstdError as fault:
            raise BrokenEncoding(_NOT_AS_SAID) from fault

    def _next_frame(self) -> None:
        self._decoder, self._frames = _zstd(self._most), self._frames + 1
        if self._frames > FRAMES_MOST:
            raise BrokenEncoding("the packing does not end its frames")

    @property
    def complete(self) -> bool:
        """Say whether the end of a frame was seen, or nothing came at all."""
        return self._decoder.eof or not self._frames


def _zstd(window_log_most: int) -> zstd.ZstdDecompressor:
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: window_log_most})


class Twice:
    """A body packed twice."""

    def __init__(self, outer: Decoder, inner: Decoder) -> None:
        """Unpack by `outer` first."""
        self._outer, self._inner = outer, inner
        self._between = 0

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Unpack a piece twice; BrokenEncoding when it cannot be, or is endless in between."""
        for between in self._outer.pieces(raw):
            self._between += len(between)
            if self._between > BETWEEN_BYTES:
                raise BrokenEncoding("the body is packed twice and does not end in between")
            yield from self._inner.pieces(between)

    @property
    def complete(self) -> bool:
        """Say whether both packings may end here."""
        return self._outer.complete and self._inner.complete


def _window_bits(head: bytes) -> int:
    """Tell a zlib header (RFC 1950, 2.2: method 8, and a multiple of 31) from bare deflate."""
    wrapped = head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0  # noqa: PLR2004 -- the numbers of the RFC
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS


def decoder_for(content_encoding: str | None) -> Decoder:
    """Choose how to unpack a body by its Content-Encoding; BrokenEncoding where it is packed too often."""
    packings = [
        one for part in (content_encoding or "").split(",") if (one := part.strip().lower()) != "identity" if one
    ]
    if len(packings) > LAYERS_MOST:
        raise BrokenEncoding(f"the body is packed more than {LAYERS_MOST} times")
    if not packings:
        return Identity()
    # The one named last was put around last (RFC 9110, 8.4).
    most = WINDOW_LOG_TWICE if _WIDE.issuperset(packings) and len(packings) > 1 else WINDOW_LOG_MOST
    layers = [_layer(one, most) for one in reversed(packings)]
    return layers[0] if len(layers) == 1 else Twice(*layers)


def _layer(packing: str, window_log_most: int) -> Decoder:
    match packing:
        case "gzip" | "x-gzip":
            return Unpacker(16 + zlib.MAX_WBITS)
        case "deflate":
            return Unpacker(None)
        case "br":
            return Brotli(window_log_most)
        case "zstd":
            return Zstandard(window_log_most)
        case name if name in _STRANGE:
            raise BrokenEncoding("the body is packed in a way that nobody asked for")
        case _:
            return Identity()
