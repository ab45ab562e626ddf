"""A body unpacked under a bound, however much it would unpack to. Pure."""

import zlib
from typing import Final, Protocol

#: What we say we can unpack, and can.
ENCODINGS: Final = ("gzip", "deflate")


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

    def __init__(self, window_bits: int) -> None:
        self._window_bits = window_bits
        self._inflate = zlib.decompressobj(window_bits)
        self._begun = False

    def feed(self, raw: bytes, limit_bytes: int) -> bytes:
        """Unpack a piece; BrokenEncoding when it cannot be."""
        if self._inflate.eof or limit_bytes <= 0 or not raw:
            return b""
        try:
            return self._first(raw, limit_bytes) if not self._begun else self._inflate.decompress(raw, limit_bytes)
        except zlib.error as fault:
            raise BrokenEncoding("the body is not packed the way its Content-Encoding says") from fault

    def _first(self, raw: bytes, limit_bytes: int) -> bytes:
        self._begun = True
        try:
            return self._inflate.decompress(raw, limit_bytes)
        except zlib.error:
            if self._window_bits != zlib.MAX_WBITS:
                raise
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflate.decompress(raw, limit_bytes)

    @property
    def complete(self) -> bool:
        """Say whether the end of the packed stream was seen, or nothing came at all."""
        return self._inflate.eof or not self._begun


def decoder_for(content_encoding: str | None) -> Decoder:
    """Choose how to unpack a body by its Content-Encoding."""
    match (content_encoding or "").strip().lower():
        case "gzip" | "x-gzip":
            return Unpacker(16 + zlib.MAX_WBITS)
        case "deflate":
            return Unpacker(zlib.MAX_WBITS)
        case _:
            return Identity()
