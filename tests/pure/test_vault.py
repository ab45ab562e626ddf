"""What is sealed opens only where it belongs, and only with the key it was sealed with."""

import time
from datetime import UTC, date, datetime
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.vault import HASH_BYTES, DataKey, UnknownKey, Unsealable, Vault, create_key_file, read_key_file
from schemas.errors import Misconfigured

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MONTH = date(2026, 11, 1)


def key_for(vault: Vault, *, number: int = 1, class_: str = "item", month: date = MONTH) -> DataKey:
    """Make a data key as the database would hold it."""
    master_id, wrapped = vault.wrap_new(class_, month)
    return DataKey(id=number, class_=class_, month=month, master_id=master_id, wrapped=wrapped)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a key file."""
    path = tmp_path_factory.mktemp("key") / "var" / "ntd.key"
    create_key_file(path)
    return path


@pytest.fixture(scope="module")
def vault(path: Path) -> Vault:
    """Give a vault that can seal items in November."""
    vault = Vault(read_key_file(path))
    vault.load([key_for(vault)])
    return vault


@given(plaintext=st.binary(max_size=500), row=st.binary(max_size=32))
def test_what_was_sealed_opens(vault: Vault, plaintext: bytes, row: bytes) -> None:
    """A sealed value opens in its own row and column to what went in, and is 33 bytes longer."""
    sealed = vault.seal("item", "item.secret", row, plaintext, NOW)

    assert vault.open("item.secret", row, sealed) == plaintext
    assert len(sealed) == 1 + 4 + 12 + len(plaintext) + 16


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_an_altered_value_does_not_open(vault: Vault, at: int, bit: int) -> None:
    """Not one bit can be changed, in the head, the nonce, the text or the tag."""
    sealed = bytearray(vault.seal("item", "item.secret", b"row", b"https://img.example/1.jpg", NOW))
    sealed[at % len(sealed)] ^= 1 << bit

    with pytest.raises((Unsealable, UnknownKey)):
        vault.open("item.secret", b"row", bytes(sealed))


@pytest.mark.parametrize(("column", "row"), [("item.secret", b"other"), ("host.name", b"row")])
def test_a_moved_value_does_not_open(vault: Vault, column: str, row: bytes) -> None:
    """A value copied into another row or column does not open there; the message names the column and no value."""
    sealed = vault.seal("item", "item.secret", b"row", b"secret", NOW)

    with pytest.raises(Unsealable, match=f"^{column}: the value was altered or belongs to another row$"):
        vault.open(column, row, sealed)


@pytest.mark.parametrize("length", range(34))
def test_a_cut_value_does_not_open(vault: Vault, length: int) -> None:
    """A value of any shorter length is an Unsealable and nothing else."""
    sealed = vault.seal("item", "item.secret", b"row", b"secret", NOW)

    with pytest.raises(Unsealable):
        vault.open("item.secret", b"row", sealed[:length])


def test_equal_values_do_not_look_alike(vault: Vault) -> None:
    """The same text sealed twice gives two different values."""
    assert len({vault.seal("item", "item.secret", b"row", b"same", NOW) for _ in range(100)}) == 100


def test_a_month_without_key_is_missing(vault: Vault) -> None:
    """A class or month whose key was not read cannot be sealed, and says so."""
    december = datetime(2026, 12, 1, tzinfo=UTC)

    assert not vault.missing("item", MONTH)
    assert vault.missing("item", december.date())
    assert vault.missing("host", MONTH)
    with pytest.raises(UnknownKey, match="no data key for item in 2026-12"):
        vault.seal("item", "item.secret", b"row", b"", december)


def test_a_forgotten_key_forgets_its_rows(vault: Vault, path: Path) -> None:
    """Without the data key of its month a value never opens again."""
    sealed = vault.seal("item", "item.secret", b"row", b"secret", NOW)

    with pytest.raises(UnknownKey, match=r"item\.secret: its data key"):
        Vault(read_key_file(path)).open("item.secret", b"row", sealed)


def test_another_key_file_is_named(vault: Vault, tmp_path: Path) -> None:
    """Data keys wrapped by another key file stop the start; the message names the file."""
    other = tmp_path / "other.key"
    create_key_file(other)

    with pytest.raises(Misconfigured, match=r"other\.key is not the key of this database"):
        Vault(read_key_file(other)).load([key_for(vault)])


def test_a_data_key_opens_only_as_what_it_is(vault: Vault) -> None:
    """A wrapped key that was given another class or month does not open."""
    key = key_for(vault)
    moved = DataKey(id=2, class_="host", month=key.month, master_id=key.master_id, wrapped=key.wrapped)

    with pytest.raises(Misconfigured):
        vault.load([moved])


def test_hashes_know_their_kind(vault: Vault, path: Path, tmp_path: Path) -> None:
    """A hash is 16 bytes, stable across restarts, and differs by kind, by value and by key file."""
    other = tmp_path / "other.key"
    create_key_file(other)
    first = vault.hash("host", "img.example")

    assert len(first) == HASH_BYTES
    assert first == Vault(read_key_file(path)).hash("host", b"img.example")
    assert len({first, vault.hash("site", "img.example"), vault.hash("host", "img2.example")}) == 3
    assert first != Vault(read_key_file(other)).hash("host", "img.example")


def test_a_key_file_is_private_and_never_overwritten(path: Path) -> None:
    """It is made with mode 0600 and nothing beside it; a second making fails and changes nothing."""
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        create_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_key_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The message names the file and the command."""
    with pytest.raises(Misconfigured, match=r"gone\.key does not exist; `ntd init` makes one"):
        read_key_file(tmp_path / "gone.key")


def test_an_open_key_file_is_refused(tmp_path: Path) -> None:
    """A key that others can read is no secret."""
    path = tmp_path / "open.key"
    create_key_file(path)
    path.chmod(0o644)

    with pytest.raises(Misconfigured, match=r"others have access to .*open\.key; say: chmod 600"):
        read_key_file(path)


@pytest.mark.parametrize(
    "change",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": 2}',
        b'{"master": {"m": "c2hvcnQ="}}',
        b'{"hash": "not base64!"}',
        b'{"current": "nobody"}',
        b'{"master": 7}',
    ],
)
def test_a_damaged_key_file_is_named(path: Path, tmp_path: Path, change: bytes) -> None:
    """Whatever is wrong inside, the message names the file and quotes nothing of it."""
    damaged = tmp_path / "damaged.key"
    create_key_file(damaged)
    whole = orjson.loads(path.read_bytes())
    mixed = orjson.loads(change) if change.startswith(b"{") else None
    damaged.write_bytes(orjson.dumps({**whole, **mixed}) if mixed else change)

    with pytest.raises(Misconfigured, match=r"damaged\.key is damaged or no key file; bring back your copy") as caught:
        read_key_file(damaged)

    assert whole["hash"] not in str(caught.value)


def test_keys_show_in_no_text(path: Path) -> None:
    """What holds the keys does not print them."""
    master = read_key_file(path)

    assert "keys" not in repr(master)
    assert repr(master.hash_key) not in repr(master)


def test_seal_and_hash_are_fast(vault: Vault) -> None:
    """Sealing and hashing 200 bytes takes about 6 µs together; 10 times that would be felt at intake."""
    value = b"x" * 200
    best = min(_elapsed(vault, value) for _ in range(20))

    assert best / 200 < 60e-6


def _elapsed(vault: Vault, value: bytes) -> float:
    """Time 200 turns."""
    began = time.perf_counter()
    for _ in range(200):
        vault.seal("item", "item.secret", value[:16], value, NOW)
        vault.hash("url", value)
    return time.perf_counter() - began
