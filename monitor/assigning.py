"""Who looks in a round: vantages by chance, from as many networks as can be. Pure; chance comes from a seed."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID


def noise_of(seed: UUID, now: datetime, use: str) -> bytes:
    """Give 32 bytes of chance that depend on nothing but the item, the moment and what they are for."""
    return hashlib.blake2b(f"{use} {now.isoformat()}".encode(), key=seed.bytes, digest_size=32).digest()


def assigned(networks: Mapping[str, str], count: int, noise: bytes) -> tuple[str, ...]:
    """Choose `count` vantages (all, where there are no more) by chance; `networks` gives the network of each.

    A network that was not chosen yet goes first, so two vantages are of two networks where there are two.

    >>> sorted(assigned({"a": "x", "b": "x", "c": "y"}, 2, bytes(32)))[-1]
    'c'
    """
    left = sorted(networks, key=lambda name: hashlib.blake2b(name.encode(), key=noise, digest_size=8).digest())
    chosen: list[str] = []
    while left and len(chosen) < count:
        seen = {networks[name] for name in chosen}
        following = next((name for name in left if networks[name] not in seen), left[0])
        chosen.append(following)
        left.remove(following)
    return tuple(chosen)


def one_of(choices: Sequence[str], noise: bytes) -> str:
    """Choose one by chance."""
    return choices[int.from_bytes(noise[:4], "big") % len(choices)]
