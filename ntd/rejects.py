"""The file of refused lines, byte for byte, so that they can be mended and submitted again."""

import os
from pathlib import Path
from typing import BinaryIO

from schemas.errors import Misconfigured


class Rejects:
    """Takes refused lines; a long line comes in pieces and can be taken back while it comes."""

    def __init__(self, path: Path) -> None:
        try:
            # They name what nobody else may see.
            self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        except OSError as fault:
            raise Misconfigured(f"the rejects cannot be written to {path}: {fault.strerror}") from fault
        self._began_at: int | None = None

    def close(self) -> None:
        """Write out what is left."""
        self._file.close()

    def write(self, raw: bytes) -> None:
        """Keep a refused line, or the header of a CSV above all of them."""
        self._file.write(raw)

    def write_piece(self, raw: bytes, *, last: bool) -> None:
        """Keep a part of a long line; where nothing can be taken back (a pipe) long lines are left out."""
        if self._file.seekable():
            if self._began_at is None:
                self._began_at = self._file.tell()
            self._file.write(raw)
        if last:
            self._began_at = None

    def take_back(self) -> None:
        """Forget the long line that is coming: it turned out to carry the material itself."""
        if self._began_at is not None:
            self._file.seek(self._began_at)
            self._file.truncate()
            self._began_at = None
