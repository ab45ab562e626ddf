"""The one module that encrypts and decrypts, and the only holder of the key.

Envelope encryption: each class of text has a data key per month, wrapped by a master key of the key file. A new master
key rewraps the data keys; forgetting the data key of a month forgets its rows.

A sealed value is: version (1 byte), id of the data key (4 bytes), nonce (12 bytes), AES-GCM ciphertext with tag. The
column and the row it belongs to are authenticated with it, so that a value moved elsewhere does not open.
"""

import base64
import binascii
import os
import secrets
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from schemas.errors import Misconfigured, NtdError

# 128 bits of HMAC-SHA256 (truncation: RFC 2104, section 5): two of 10**9 names meet with a chance of 2**-69.
HASH_BYTES: Final = 16
_KEY_BYTES: Final = 32
# Random nonces of 96 bits: at most 2**32 values under one data key (NIST SP 800-38D, section 8.3), hence one a month.
_NONCE_BYTES: Final = 12
_VERSION: Final = 1
_HEAD: Final = struct.Struct(">BI")
_BODY_AT: Final = _HEAD.size + _NONCE_BYTES
# Somebody else's read or write, or the group's write: then the key is no secret any more.
_TOO_OPEN: Final = 0o027
# A key file is a few hundred bytes; what is larger is something else.
_FILE_LIMIT_BYTES: Final = 65536


class UnknownKey(NtdError):  # noqa: N818 -- like its siblings in schemas.errors
    """A value was sealed with a data key that has not been read yet, or was forgotten."""


class Unsealable(NtdError):  # noqa: N818 -- like its siblings in schemas.errors
    """A sealed value was altered, or belongs to another row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKey:
    """A row of `data_key`: the key is wrapped; `class_` is what kind of text it is for, `month` its first day."""

    id: int
    class_: str
    month: date
    master_id: str
    wrapped: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterKeys:
    """What the key file holds: master keys by id, the id of the one that wraps new keys, the key of the hashes."""

    path: Path
    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    hash_key: bytes = field(repr=False)


def create_key_file(path: Path) -> None:
    """Make a key file that only its owner can read; FileExistsError, and nothing changed, when there is one."""
    master_id = f"m-{secrets.token_hex(4)}"
    content = {
        "format": 1,
        "current": master_id,
        "master": {master_id: _encode(secrets.token_bytes(_KEY_BYTES))},
        "hash": _encode(secrets.token_bytes(_KEY_BYTES)),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_private(draft, orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n")
        # A link, not a rename: it appears whole, and never over another.
        os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _write_private(path: Path, content: bytes) -> None:
    """Write a new file of mode 0600 down to the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> MasterKeys:
    """Read the master keys; Misconfigured when there are none, when others can read them, or when they are damaged."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(_FILE_LIMIT_BYTES)
    except FileNotFoundError:
        raise Misconfigured(f"security.key_file: {path} does not exist; `ntd init` makes one") from None
    except OSError as error:
        raise Misconfigured(f"security.key_file: {path} cannot be read: {error.strerror}") from None
    if mode & _TOO_OPEN:
        raise Misconfigured(f"security.key_file: others have access to {path}; say: chmod 600 {path}")
    return _parse(path, content)


def _parse(path: Path, content: bytes) -> MasterKeys:
    """Read the JSON of a key file."""
    damaged = Misconfigured(f"security.key_file: {path} is damaged or no key file; bring back your copy of it")
    try:
        document = orjson.loads(content)
        keys = {str(name): _decode(text) for name, text in document["master"].items()}
        current, hash_key, form = document["current"], _decode(document["hash"]), document["format"]
    except (KeyError, TypeError, ValueError, AttributeError):
        # Without the cause: it could quote the key.
        raise damaged from None
    if form != 1 or current not in keys:
        raise damaged
    return MasterKeys(path=path, current=current, keys=keys, hash_key=hash_key)


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _decode(text: str) -> bytes:
    """Read one key of the key file; ValueError when it is none."""
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError from error
    if len(key) != _KEY_BYTES:
        raise ValueError
    return key


class Vault:
    """Seals, opens and hashes. It reads no database: `ntd/store/keys.py` brings it the wrapped data keys."""

    def __init__(self, master: MasterKeys) -> None:
        self._master = master
        self._wrappers = {name: AESGCM(key) for name, key in master.keys.items()}
        self._ciphers: dict[int, AESGCM] = {}
        self._current: dict[tuple[str, int, int], tuple[bytes, AESGCM]] = {}
        self._keyed: dict[str, HMAC] = {}

    def missing(self, class_: str, month: date) -> bool:
        """Say whether values of this class cannot be sealed in this month yet."""
        return (class_, month.year, month.month) not in self._current

    def wrap_new(self, class_: str, month: date) -> tuple[str, bytes]:
        """Make a data key; give the id of the master key and the wrapped key, ready for the row."""
        nonce = os.urandom(_NONCE_BYTES)
        master_id = self._master.current
        binding = _key_binding(class_, month, master_id)
        wrapped = self._wrappers[master_id].encrypt(nonce, os.urandom(_KEY_BYTES), binding)
        return master_id, nonce + wrapped

    def load(self, rows: Iterable[DataKey]) -> None:
        """Unwrap data keys; Misconfigured, naming the key file, when it is not the one that wrapped them."""
        for row in rows:
            cipher = AESGCM(self._unwrap(row))
            self._ciphers[row.id] = cipher
            self._current[row.class_, row.month.year, row.month.month] = (_HEAD.pack(_VERSION, row.id), cipher)

    def _unwrap(self, row: DataKey) -> bytes:
        """Open one wrapped data key."""
        try:
            wrapper = self._wrappers[row.master_id]
            binding = _key_binding(row.class_, row.month, row.master_id)
            return wrapper.decrypt(row.wrapped[:_NONCE_BYTES], row.wrapped[_NONCE_BYTES:], binding)
        except (KeyError, ValueError, InvalidTag):
            raise Misconfigured(
                f"security.key_file: {self._master.path} is not the key of this database, which was sealed with "
                f"master key {row.master_id}; bring back the key file that belongs to it"
            ) from None

    def seal(self, class_: str, column: str, row_id: bytes, plaintext: bytes, now: datetime) -> bytes:
        """Encrypt the value of `column` ("table.column") in the row `row_id`; UnknownKey when the month has no key."""
        head, cipher = self._sealing(class_, now)
        nonce = os.urandom(_NONCE_BYTES)
        return head + nonce + cipher.encrypt(nonce, plaintext, _binding(column, row_id))

    def seal_many(self, class_: str, column: str, values: Sequence[tuple[bytes, bytes]], now: datetime) -> list[bytes]:
        """Encrypt many (row id, plaintext) of one column with one call for randomness; UnknownKey as `seal`."""
        head, cipher = self._sealing(class_, now)
        nonces = os.urandom(_NONCE_BYTES * len(values))
        return [
            head + nonce + cipher.encrypt(nonce, plaintext, _binding(column, row_id))
            for at, (row_id, plaintext) in enumerate(values)
            for nonce in (nonces[at * _NONCE_BYTES : (at + 1) * _NONCE_BYTES],)
        ]

    def _sealing(self, class_: str, now: datetime) -> tuple[bytes, AESGCM]:
        """Give the head and the key that values of this month are sealed with."""
        try:
            return self._current[class_, now.year, now.month]
        except KeyError:
            raise UnknownKey(f"no data key for {class_} in {now:%Y-%m} was read yet") from None

    def open(self, column: str, row_id: bytes, sealed: bytes) -> bytes:
        """Decrypt what `seal` made; Unsealable when altered or of another row, UnknownKey when its key is gone."""
        try:
            version, key_id = _HEAD.unpack_from(sealed)
            cipher = self._ciphers[key_id]
            if version != _VERSION:
                raise Unsealable(f"{column}: sealed in version {version}, which this ntd does not know")
            return cipher.decrypt(sealed[_HEAD.size : _BODY_AT], sealed[_BODY_AT:], _binding(column, row_id))
        except KeyError:
            raise UnknownKey(f"{column}: its data key was not read yet, or was forgotten") from None
        except (InvalidTag, ValueError, struct.error):
            raise Unsealable(f"{column}: the value was altered or belongs to another row") from None

    def hash(self, kind: str, value: str | bytes) -> bytes:
        """Give the keyed hash of a name: 16 bytes, equal for equal values of one kind, nothing without the key."""
        # A keyed state is copied: setting the key up anew would cost more than the hash itself.
        keyed = (self._keyed.get(kind) or self._key(kind)).copy()
        keyed.update(value.encode() if isinstance(value, str) else value)
        return keyed.finalize()[:HASH_BYTES]

    def _key(self, kind: str) -> HMAC:
        """Derive the key of one kind of hash (RFC 5869, section 2.3; the hash key is uniform, so no extract step)."""
        expand = HKDFExpand(algorithm=SHA256(), length=_KEY_BYTES, info=f"ntd hash {kind}".encode())
        self._keyed[kind] = HMAC(expand.derive(self._master.hash_key), SHA256())
        return self._keyed[kind]


def _binding(column: str, row_id: bytes) -> bytes:
    """Say to which column and row a value belongs; column names hold no colon, so no two places read the same."""
    return column.encode() + b":" + row_id


def _key_binding(class_: str, month: date, master_id: str) -> bytes:
    """Say for what a data key is."""
    return f"data_key:{class_}:{month:%Y-%m}:{master_id}".encode()
