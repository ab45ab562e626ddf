"""The shape of a picture, told from its head while it passes: its encoding changes, its shape hardly. Pure."""

from typing import Final

#: More segments than this before the shape of a JPEG, and it is none.
_SEGMENTS: Final = 500
#: Every other format has its shape within this.
_HEAD_BYTES: Final = 32
#: A picture larger than this to a side is none.
_LARGEST: Final = 1_000_000
#: Markers of a JPEG frame, which begins with its shape (ITU-T T.81, table B.1), …
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: … those without a length, and the one after which there are only pixels.
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SCAN: Final = 0xDA
_FILL: Final = 0xFF


class Shape:
    """Takes a body in piece by piece and finds the width and height of a picture in pixels; holds its head at most."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._skip = self._segments = 0
        self._done = False
        self.found: tuple[int, int] | None = None

    def take(self, piece: bytes) -> None:
        """Take a piece."""
        if self._done:
            return
        if self._skip >= len(piece):
            self._skip -= len(piece)
            return
        self._kept += piece[self._skip :]
        self._skip = 0
        if self._kept.startswith(b"\xff\xd8") or self._segments:
            self._walk()
        elif len(self._kept) >= _HEAD_BYTES:
            self._settle(_in_head(bytes(self._kept[:_HEAD_BYTES])))

    def _settle(self, shape: tuple[int, int] | None) -> None:
        self._done = True
        self._kept.clear()
        if shape and min(shape) > 0 and max(shape) <= _LARGEST:
            self.found = shape

    def _walk(self) -> None:
        """Go from segment to segment of a JPEG as far as the bytes reach."""
        kept = self._kept
        while len(kept) >= 4:  # noqa: PLR2004 -- a marker and a length
            self._segments += 1
            marker = kept[1]
            if kept[0] != _FILL or marker == _SCAN or self._segments > _SEGMENTS:
                self._settle(None)
                return
            if marker in _FRAMES:
                if len(kept) >= 9:  # noqa: PLR2004 -- marker, length, precision, height, width
                    self._settle((int.from_bytes(kept[7:9]), int.from_bytes(kept[5:7])))
                return
            length = 2 if marker in _BARE else 1 if marker == _FILL else 2 + int.from_bytes(kept[2:4])
            self._skip = max(0, length - len(kept))
            del kept[:length]


def _in_head(head: bytes) -> tuple[int, int] | None:
    """Read the shape from the first 32 bytes of a PNG, GIF, WebP or BMP."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if head.startswith((b"GIF87a", b"GIF89a")):
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if head.startswith(b"BM"):
        return int.from_bytes(head[18:22], "little"), int.from_bytes(head[22:26], "little")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return _in_webp(head)
    return None


def _in_webp(head: bytes) -> tuple[int, int] | None:
    """Read the shape from the first chunk of a WebP (RFC 9649, sections 2.5 to 2.7)."""
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
        case _:
            return None
