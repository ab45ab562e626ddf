"""A body unpacked under a bound, however much it would unpack to. Pure."""

import zlib
from typing import Final, Protocol

#: What we say we can unpack, and can.
ENCODINGS: Final = ("gzip", "deflate")
_ZLIB_HEADER_BYTES: Final = 2


class BrokenEncoding(Exception):  # noqa: N818 -- a fact about the other side, not an error of ours
    """The body is not what its Content-Encoding says."""


class Decoder(Protocol):
    """Unpacks a body piece by piece."""

    def feed(self, raw: bytes, limit_bytes: int) -> bytes:
        """Give at most `limit_bytes` unpacked bytes; what exceeds them is dropped."""
        ...

    @property
    def complete(self) -> bool:
        """Say whether the body may end here."""
        ...


class Identity:
    """A body that is not packed, or packed in a way that we did not ask for and leave alone."""

    complete = True

    def feed(self, raw: bytes, limit_bytes: int) -> bytes:
        """Give the bytes as they are."""
        return raw[:limit_bytes]


class Unpacker:
    """gzip (RFC 1952), or deflate with or without the zlib wrapper that servers leave away (RFC 9110, 8.4.1.2)."""

    def __init__(self, window_bits: int | None) -> None:
        """Unpack with zlib's `window_bits`; None: deflate, whose first two bytes say whether it is wrapped."""
        self._inflate = zlib.decompressobj(window_bits) if window_bits is not None else None
        self._head = b""

    def feed(self, raw: bytes, limit_bytes: int) -> bytes:
        """Unpack a piece; BrokenEncoding when it cannot be."""
        if self._inflate is None:
            self._head += raw
            if len(self._head) < _ZLIB_HEADER_BYTES:
                return b""
            raw, self._inflate = self._head, zlib.decompressobj(_window_bits(self._head))
        if self._inflate.eof or limit_bytes <= 0 or not raw:
            return b""
        self._head = self._head or raw[:1]
        try:
            return self._inflate.decompress(raw, limit_bytes)
        except zlib.error as fault:
            raise BrokenEncoding("the body is not packed the way its Content-Encoding says") from fault

    @property
    def complete(self) -> bool:
        """Say whether the end of the packed stream was seen, or nothing came at all."""
        return not self._head or (self._inflate is not None and self._inflate.eof)


def _window_bits(head: bytes) -> int:
    """Tell a zlib header (RFC 1950, 2.2: method 8, and a multiple of 31) from bare deflate."""
    wrapped = head[0] & 0x0F == 8 and (head[0] << 8 | head[1]) % 31 == 0  # noqa: PLR2004 -- the numbers of the RFC
    return zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS


def decoder_for(content_encoding: str | None) -> Decoder:
    """Choose how to unpack a body by its Content-Encoding."""
    match (content_encoding or "").strip().lower():
        case "gzip" | "x-gzip":
            return Unpacker(16 + zlib.MAX_WBITS)
        case "deflate":
            return Unpacker(None)
        case _:
            return Identity()
