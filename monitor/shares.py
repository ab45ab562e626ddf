"""How a limit is shared by the daemons on one database, so that it holds for all of them together. Pure."""

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One daemon's place among those that look."""

    rank: int = 0
    of: int = 1

    def part(self, limit: int, key: str) -> int:
        """Give this daemon's part of a limit on what `key` names; the parts of all daemons make up the limit.

        Where there are more daemons than the limit some have none: which ones depends on the key alone.

        >>> [Share(rank=rank, of=3).part(2, "img.example") for rank in range(3)]
        [1, 0, 1]
        """
        if self.of == 1:
            return limit
        whole, left = divmod(limit, self.of)
        turn = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest(), "big")
        return whole + ((turn + self.rank) % self.of < left)
