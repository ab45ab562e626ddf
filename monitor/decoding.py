"""A body unpacked under a bound, however much it would unpack to. Pure."""

import zlib
from collections.abc import Iterator
from typing import Final, Protocol

#: What we say we can unpack, and can.
ENCODINGS: Final = ("gzip", "deflate")
#: Unpacked bytes that exist at once.
PIECE_BYTES: Final = 65_536
#: Packings around one body: servers behind servers pack twice, nobody needs more.
LAYERS_MOST: Final = 2
#: Bytes between two packings: what comes to more than this without filling a look is made to keep us busy.
BETWEEN_BYTES: Final = 4 * 1024 * 1024
_ZLIB_HEADER_BYTES: Final = 2


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
    """A body that is not packed, or packed in a way that we did not ask for and leave alone."""

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
                raise BrokenEncoding("the body is not packed the way its Content-Encoding says") from fault
            raw = self._inflate.unconsumed_tail
            if piece:
                yield piece

    @property
    def complete(self) -> bool:
        """Say whether the end of the packed stream was seen, or nothing came at all."""
        return not self._head or (self._inflate is not None and self._inflate.eof)


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
    layers = [_layer(one) for one in reversed(packings)]
    return layers[0] if len(layers) == 1 else Twice(*layers)


def _layer(packing: str) -> Decoder:
    match packing:
        case "gzip" | "x-gzip":
            return Unpacker(16 + zlib.MAX_WBITS)
        case "deflate":
            return Unpacker(None)
        case _:
            return Identity()
