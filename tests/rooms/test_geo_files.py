"""Network files on disk: .mmdb and .csv together."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from geo.networks import Networks
from schemas.errors import Misconfigured

MARKER = b"\xab\xcd\xefMaxMind.com"


def encoded(value: Any) -> bytes:
    """Encode a value in the MaxMind DB format (version 2.0 of its specification)."""
    if isinstance(value, dict):
        return bytes([0xE0 | len(value)]) + b"".join(encoded(key) + encoded(inner) for key, inner in value.items())
    if isinstance(value, list):
        return bytes([len(value), 4]) + b"".join(map(encoded, value))
    if isinstance(value, str):
        raw = value.encode()
        return bytes([0x40 | len(raw)]) + raw if len(raw) < 29 else bytes([0x5D, len(raw) - 29]) + raw
    return value if isinstance(value, bytes) else u32(value)


def u16(number: int) -> bytes:
    """Encode 16 bits."""
    return b"\xa2" + number.to_bytes(2, "big")


def u32(number: int) -> bytes:
    """Encode 32 bits."""
    return b"\xc4" + number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    """Encode 64 bits."""
    return b"\x08\x02" + number.to_bytes(8, "big")


def write_mmdb(path: Path, block: str, record: dict[str, Any]) -> None:
    """Write an IPv4 database that knows one network."""
    network = ip_network(block)
    length, bits = network.prefixlen, int(network.network_address)
    nodes = []
    for depth in range(length):
        onward = depth + 1 if depth + 1 < length else length + 16
        pair = (length, onward) if bits >> (31 - depth) & 1 else (onward, length)
        nodes.append(b"".join(side.to_bytes(3, "big") for side in pair))
    metadata = {
        "binary_format_major_version": u16(2),
        "binary_format_minor_version": u16(0),
        "build_epoch": u64(1_790_000_000),
        "database_type": "Test",
        "description": {"en": "test"},
        "ip_version": u16(4),
        "languages": ["en"],
        "node_count": u32(length),
        "record_size": u16(24),
    }
    path.write_bytes(b"".join(nodes) + b"\0" * 16 + encoded(record) + MARKER + encoded(metadata))


async def test_an_mmdb_and_a_csv_stand_beside_each_other(tmp_path: Path) -> None:
    """The first file that knows decides, its blanks are filled by the second, and the prefix is that of the first."""
    first, second = tmp_path / "asn.mmdb", tmp_path / "country.csv"
    write_mmdb(first, "198.51.100.0/24", {"autonomous_system_number": 64501, "autonomous_system_organization": "Alpha"})
    second.write_text("network,asn,as_name,country\n198.51.0.0/16,,,NL\n203.0.113.0/24,64502,Beta,DE\n")
    networks = Networks([first, second])

    assert await networks.open() == ()
    both = await networks.find(ip_address("198.51.100.7"))
    only_second = await networks.find(ip_address("203.0.113.7"))

    assert both is not None
    assert (both.asn, both.as_name, both.country, both.source) == (64501, "Alpha", "NL", "asn.mmdb")
    assert both.prefix == ip_network("198.51.100.0/24")
    assert only_second is not None
    assert only_second.source == "country.csv"
    assert await networks.find(ip_address("192.0.2.1")) is None
    assert await networks.find(ip_address("2001:db8::1")) is None
    assert networks.names == "asn.mmdb, country.csv"


async def test_faults_of_all_files_are_given_at_the_start(tmp_path: Path) -> None:
    """Each with its file and line; the good rows count."""
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("\ufeffnetwork,asn,as_name,country\n198.51.100.0/24,1,A,NL\n", encoding="utf-8")
    bad.write_text("network,asn,as_name,country\nx,1,A,NL\n")

    (fault,) = await Networks([good, bad]).open()

    assert fault.startswith("bad.csv, line 2: ")


@pytest.mark.parametrize("name", ["none.csv", "none.mmdb"])
async def test_a_missing_file_is_misconfigured(tmp_path: Path, name: str) -> None:
    """The key and the file are named."""
    with pytest.raises(Misconfigured, match=rf"geo\.networks.*{name}"):
        await Networks([tmp_path / name]).open()


@pytest.mark.parametrize(("name", "content"), [("bad.mmdb", b"no database"), ("bad.csv", b"\xff\xfe\x00")])
async def test_a_file_of_another_kind_is_misconfigured(tmp_path: Path, name: str, content: bytes) -> None:
    """Noise under the right name stops the start, in words."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(Misconfigured, match=name):
        await Networks([tmp_path / name]).open()
