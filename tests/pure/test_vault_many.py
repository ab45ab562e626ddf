"""Many values are sealed as one is, and a hash is HMAC-SHA256 under a subkey of its kind."""

import base64
import hmac
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from ntd.vault import DataKey, UnknownKey, Unsealable, Vault, create_key_file, read_key_file
from schemas.ids import time_of, uuid7, uuid7_bytes

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """Give a vault that can seal items in November."""
    create_key_file(tmp_path / "ntd.key")
    vault = Vault(read_key_file(tmp_path / "ntd.key"))
    master_id, wrapped = vault.wrap_new("item", date(2026, 11, 1))
    vault.load([DataKey(id=7, class_="item", month=date(2026, 11, 1), master_id=master_id, wrapped=wrapped)])
    return vault


def test_many_values_are_sealed_each_for_its_own_row(vault: Vault) -> None:
    """Every value opens in its row and in no other; no two nonces are the same."""
    values = [(bytes([n]) * 16, b"value %d" % (n % 3)) for n in range(50)]

    sealed = vault.seal_many("item", "item.secret", values, NOW)

    assert [vault.open("item.secret", row, one) for (row, _), one in zip(values, sealed, strict=True)] == [
        plain for _, plain in values
    ]
    assert len({one[5:17] for one in sealed}) == 50
    with pytest.raises(Unsealable):
        vault.open("item.secret", values[0][0], sealed[1])
    assert vault.seal_many("item", "item.secret", [], NOW) == []
    with pytest.raises(UnknownKey, match="no data key for host in 2026-11"):
        vault.seal_many("host", "host.name", values, NOW)


def test_a_hash_is_an_hmac_under_the_subkey_of_its_kind(vault: Vault, tmp_path: Path) -> None:
    """The same as the standard library computes (RFC 2104), with a key derived as RFC 5869 says."""
    key = base64.b64decode(orjson.loads((tmp_path / "ntd.key").read_bytes())["hash"])
    subkey = HKDFExpand(algorithm=SHA256(), length=32, info=b"ntd hash url").derive(key)
    expected = hmac.digest(subkey, b"https://img.example/", "sha256")[:16]

    assert [vault.hash("url", "https://img.example/"), vault.hash("url", b"https://img.example/")] == [expected] * 2


def test_many_ids_are_ids_of_one_moment() -> None:
    """UUIDv7 made together carry the same time and differ in everything else."""
    made = uuid7_bytes(NOW, 1000)

    assert len(set(made)) == 1000
    assert {one[6] >> 4 for one in made} == {7}
    assert {one[8] >> 6 for one in made} == {2}
    assert {one[:6] for one in made} == {uuid7(NOW).bytes[:6]}
    assert time_of(uuid7(NOW, bytes(10))) == NOW
    assert uuid7_bytes(NOW, 0) == []
