"""A small writer of .mmdb files (MaxMind DB format, version 2.0): any number of networks, IPv4 or IPv6 trees.

https://maxmind.github.io/MaxMind-DB/ (read 2026-11-22): search tree of 24-bit records, data section, metadata.
"""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

MARKER = b"\xab\xcd\xefMaxMind.com"


def encoded(value: Any) -> bytes:
    """Encode a value; bytes stand for one that is encoded already."""
    if isinstance(value, Mapping):
        return bytes([0xE0 | len(value)]) + b"".join(encoded(key) + encoded(inner) for key, inner in value.items())
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(encoded, value))
    if isinstance(value, bool):
        return bytes([int(value), 7])
    if isinstance(value, str):
        raw = value.encode()
        return bytes([0x40 | len(raw)]) + raw if len(raw) < 29 else bytes([0x5D, len(raw) - 29]) + raw
    return value if isinstance(value, bytes) else b"\xc4" + int(value).to_bytes(4, "big")


def _u16(number: int) -> bytes:
    return b"\xa2" + number.to_bytes(2, "big")


def write_mmdb(path: Path, records: Mapping[str, Mapping[str, Any]], version: int = 6) -> None:
    """Write a database that knows these networks; none may lie inside another. IPv4 stands at ::/96 of an IPv6 tree."""
    data, offsets = b"", {}
    for block, record in records.items():
        offsets[block] = len(data)
        data += encoded(record)
    nodes: list[list[int | str | None]] = [[None, None]]
    for block in records:
        network = ip_network(block)
        shift = 96 if version == 6 and network.version == 4 else 0
        bits, length = 32 if version == 4 else 128, network.prefixlen + shift
        number, at = int(network.network_address), 0
        for depth in range(length):
            side = number >> (bits - 1 - depth) & 1
            onward = nodes[at][side]
            if depth + 1 == length:
                nodes[at][side] = block
            elif isinstance(onward, int):
                at = onward
            else:
                nodes.append([None, None])
                nodes[at][side] = at = len(nodes) - 1
    count = len(nodes)
    sides = (
        count if s is None else count + 16 + offsets[s] if isinstance(s, str) else s for node in nodes for s in node
    )
    tree = b"".join(side.to_bytes(3, "big") for side in sides)
    path.write_bytes(tree + b"\0" * 16 + data + MARKER + encoded(_metadata(count, version)))


def _metadata(count: int, version: int) -> dict[str, Any]:
    return {
        "binary_format_major_version": _u16(2),
        "binary_format_minor_version": _u16(0),
        "build_epoch": b"\x08\x02" + (1_790_000_000).to_bytes(8, "big"),
        "database_type": "Test",
        "description": {"en": "test"},
        "ip_version": _u16(version),
        "languages": ["en"],
        "node_count": count,
        "record_size": _u16(24),
    }
