"""How much memory the private server keeps its pages in."""

from pathlib import Path

import pytest

from ntd.store.embedded_folder import buffers_mb, memory_bytes


@pytest.mark.parametrize(
    ("memory", "kept"),
    [(256 << 20, 512), (2 << 30, 512), ((2 << 30) + (4 << 20), 513), (3 << 30, 768), (4 << 30, 1024), (1 << 40, 1024)],
)
def test_a_quarter_of_memory_keeps_pages(memory: int, kept: int) -> None:
    """At least the 512 MB of a machine with two gigabytes, at most the 1 GB that a million items come to."""
    assert buffers_mb(memory) == kept


def test_a_container_has_the_memory_of_its_limit(tmp_path: Path) -> None:
    """A limit counts; none ("max"), or no such file, is the machine's memory."""
    limit = tmp_path / "memory.max"
    whole = memory_bytes(limit)
    limit.write_text("104857600\n")
    bounded = memory_bytes(limit)
    limit.write_text("max\n")

    assert (bounded, memory_bytes(limit)) == (100 << 20, whole)
    assert whole > bounded
