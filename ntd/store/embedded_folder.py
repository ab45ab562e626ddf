"""The folder of the private server: whose it is, where its socket lies, how it is made and configured.

PATH/              the data folder of PostgreSQL, mode 0700, with beside its own files
PATH/init/         where initdb works; its files move up when it is done, PG_VERSION last, so a half-done one is seen
PATH/socket/       mode 0700; where the path is too long for a socket, /tmp/ntd-HASH instead
PATH/server.log    what the server says, which is little: no statement, no parameter, no value
PATH/ntd.lock      whose turn it is; PATH/ntd.users: who uses the server (see embedded_lock)
"""

import hashlib
import os
import pwd
import re
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from ntd.store.embedded_process import Account
from schemas.errors import Misconfigured

USER: Final = "ntd"
DATABASE: Final = "postgres"
PORT: Final = 5432
# sun_path holds 108 bytes on Linux, 104 on macOS, the closing zero included.
_LONGEST_SOCKET_BYTES: Final = 103
_SOCKET_FILE: Final = f".s.PGSQL.{PORT}"
# What neither the settings file, nor a connection URL, nor asyncpg (which splits at commas) reads as something else.
_PLAIN_PATH: Final = re.compile(r"[\w ./+-]+", re.ASCII)
# The same for every process, whatever its TMPDIR is: who comes second must find the socket of who came first.
_SHORT_PLACE: Final = Path("/tmp")  # noqa: S108 -- the folder in it is private and checked
# System users that exist on most machines; none is made.
_SERVICE_USERS: Final = ("postgres", "nobody", "daemon")
_LEAST_BUFFERS_MB: Final = 512
_MOST_BUFFERS_MB: Final = 1024
# Linux, Documentation/admin-guide/cgroup-v2.rst: bytes, or "max".
_CGROUP_LIMIT: Final = Path("/sys/fs/cgroup/memory.max")
# linux/capability.h
_CAP_DAC_OVERRIDE: Final = 1
_CAP_DAC_READ_SEARCH: Final = 2
_LOG_LIMIT_BYTES: Final = 1 << 20
_OURS: Final = frozenset({"ntd.lock", "ntd.users", "server.log", "server.log.1", "lost+found"})

_SETTINGS: Final = """\
# Written by ntd at each start: changes here are lost; those made with ALTER SYSTEM stay.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
port = {port}
max_connections = 100
timezone = 'UTC'
log_timezone = 'UTC'

# Enough for a million items on two cores: 2 GB of memory, better 4.
shared_buffers = '{buffers_mb}MB'
effective_cache_size = '1GB'
work_mem = '8MB'
maintenance_work_mem = '64MB'
wal_level = minimal
max_wal_senders = 0
max_logical_replication_workers = 0
max_wal_size = '1GB'
wal_compression = on
random_page_cost = 1.1
jit = off
# Parallel plans want shared memory that small containers do not have.
max_parallel_workers_per_gather = 0
max_parallel_maintenance_workers = 0
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}

# Names are secrets: no statement, no parameter and no value in this log. An error tells its client, who can redact it.
log_statement = 'none'
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_duration_statement = -1
log_min_duration_sample = -1
log_autovacuum_min_duration = -1
log_checkpoints = off
log_connections = off
log_disconnections = off
log_lock_waits = off
log_temp_files = -1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder that is ours to keep a server in."""

    path: Path
    account: Account

    @property
    def initialised(self) -> bool:
        """Say whether initdb was finished here."""
        return (self.path / "PG_VERSION").is_file()

    @property
    def major(self) -> str:
        """Give the major version of PostgreSQL that made it."""
        return (self.path / "PG_VERSION").read_text(encoding="ascii").strip()

    @property
    def log(self) -> Path:
        """Give the server's log."""
        return self.path / "server.log"

    @property
    def socket_folder(self) -> Path:
        """Give the private folder of the socket."""
        inside = self.path / "socket"
        short = len(os.fsencode(inside / _SOCKET_FILE)) <= _LONGEST_SOCKET_BYTES
        if short and _PLAIN_PATH.fullmatch(str(inside)):
            return inside
        return _SHORT_PLACE / f"ntd-{hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]}"

    @property
    def dsn(self) -> str:
        """Give the connection URL."""
        return f"postgresql://{USER}@/{DATABASE}?host={quote(str(self.socket_folder))}&port={PORT}"

    def own(self, path: Path) -> None:
        """Hand a file or folder that we made to the server's user."""
        if self.account.drops:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def make_private(self, path: Path) -> None:
        """Make a folder that only the server's user can enter; Misconfigured when somebody else's is in the way."""
        try:
            path.mkdir(mode=0o700)
            self.own(path)
        except FileExistsError:
            found = path.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != self.account.uid or found.st_mode & 0o077:
                raise Misconfigured(f"{path} is not a private folder of the database's user: remove it") from None

    def write(self, name: str, content: str) -> None:
        """Replace a small file whole."""
        draft = self.path / f".{name}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(content)
        self.own(draft)
        draft.replace(self.path / name)

    def open_log(self) -> int:
        """Open the log for the server to write to; a long one is put aside first."""
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.path / "server.log.1")
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        self.own(self.log)
        return descriptor


def open_folder(path: Path, binaries: Path) -> Folder:
    """Find or make the folder; Misconfigured when it cannot be ours."""
    path = path.absolute().resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = _make(path)
        account = _account(path, binaries, fresh=fresh)
        folder = Folder(path=path, account=account)
        if fresh:
            folder.own(path)
        _refuse_foreign(path, account.uid)
        path.chmod(0o700)
    except OSError as error:
        raise Misconfigured(
            f"database.url: {error.filename} cannot be used: {error.strerror}; take another folder"
        ) from None
    return folder


def _refuse_foreign(path: Path, uid: int) -> None:
    """Stop before the server complains about a folder that its user does not own."""
    if path.stat().st_uid != uid:
        name = _user(uid).pw_name
        raise Misconfigured(
            f"database.url: {path} is not {name}'s, whom the server runs as; say: chown -R {name} {path}"
        )


def _make(path: Path) -> bool:
    """Make the folder; say whether there is nothing in it yet."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return not any(path.iterdir())
    return True


def _account(path: Path, binaries: Path, *, fresh: bool) -> Account:
    """Choose whom the server runs as: ourselves, or, as root, the folder's owner or a system user."""
    if os.geteuid():
        return Account(uid=os.geteuid(), gid=os.getegid(), drops=False)
    owner = path.stat().st_uid
    entry = _service_user() if fresh or not owner else _user(owner)
    capability = _capability(path, binaries, entry.pw_uid)
    return Account(uid=entry.pw_uid, gid=entry.pw_gid, drops=True, capability=capability)


def _service_user() -> pwd.struct_passwd:
    """Find a system user that PostgreSQL may run as; it refuses root."""
    known = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid}
    for name in _SERVICE_USERS:
        if name in known:
            return known[name]
    raise Misconfigured(
        f"PostgreSQL refuses to run as root and there is no user {' or '.join(_SERVICE_USERS)}: add one"
    )


def _user(uid: int) -> pwd.struct_passwd:
    """Look a user up; Misconfigured when it has no name, without which PostgreSQL makes no database."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise Misconfigured(
            f"user id {uid} has no name: add it to /etc/passwd, or run ntd as a user with a name"
        ) from None


def _capability(path: Path, binaries: Path, uid: int) -> int:
    """Say which capability the server needs to get where others may not go; 0 when none is needed."""
    program = (binaries / "postgres").resolve()
    open_way = all(_passable(parent, uid) for parent in {*path.parents, *program.parents})
    runnable = bool(program.stat().st_mode & stat.S_IXOTH)
    if open_way and runnable:
        return 0
    return _CAP_DAC_READ_SEARCH if runnable and _have(_CAP_DAC_READ_SEARCH) else _CAP_DAC_OVERRIDE


def _passable(folder: Path, uid: int) -> bool:
    """Say whether a user that shares no group with the folder can pass through it."""
    found = folder.stat()
    return bool(found.st_mode & (stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH))


def _have(capability: int) -> bool:
    """Say whether we have a capability to pass on; containers often keep some from root."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    permitted = next(line.split()[1] for line in status.splitlines() if line.startswith("CapPrm:"))
    return bool(int(permitted, 16) >> capability & 1)


def clear_half_done(folder: Path) -> None:
    """Remove what an interrupted initdb left; Misconfigured when the folder holds anything that we did not make."""
    begun = (folder / "init").exists()
    for entry in [entry for entry in folder.iterdir() if entry.name not in _OURS]:
        if not begun:
            raise Misconfigured(f"database.url: {folder} is neither empty nor a database folder: choose another")
        if entry.name != "init":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    # Last, as it is what marks the rest as ours.
    shutil.rmtree(folder / "init", ignore_errors=True)


def move_up(folder: Path) -> None:
    """Move what initdb made into its place; PG_VERSION comes last and makes it count."""
    entries = sorted((folder / "init").iterdir(), key=lambda entry: entry.name == "PG_VERSION")
    for entry in entries[:-1]:
        entry.rename(folder / entry.name)
    _sync(folder)
    entries[-1].rename(folder / entries[-1].name)
    _sync(folder)
    (folder / "init").rmdir()


def _sync(folder: Path) -> None:
    """Write the names in a folder down to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_settings(folder: Folder, *, durable: bool) -> None:
    """Write the server's settings and who may connect: this user, the folder's, and root, over the socket alone."""
    on = "on" if durable else "off"
    folder.write(
        "postgresql.conf",
        _SETTINGS.format(socket=folder.socket_folder, port=PORT, durable=on, buffers_mb=buffers_mb(memory_bytes())),
    )
    folder.write("pg_hba.conf", f"local all {USER} peer map=ntd\n")
    names = sorted({_user(uid).pw_name for uid in (0, os.geteuid(), folder.account.uid)})
    folder.write("pg_ident.conf", "".join(f'ntd "{name}" {USER}\n' for name in names))


def buffers_mb(memory: int) -> int:
    """Say in how many megabytes PostgreSQL keeps its pages, of so many bytes of memory.

    A quarter (PostgreSQL 18, section 19.4.1), between the 512 MB without which nothing is quick and the 1 GB that the
    rows which looks at a million items read come to: with half of that each look read two pages from the system.

    >>> buffers_mb(2 << 30), buffers_mb(3 << 30), buffers_mb(64 << 30)
    (512, 768, 1024)
    """
    return min(max(memory >> 22, _LEAST_BUFFERS_MB), _MOST_BUFFERS_MB)


def memory_bytes(limit: Path = _CGROUP_LIMIT) -> int:
    """Say how much memory this machine has, or the container we are in, where that has a limit."""
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(whole, int(limit.read_text(encoding="ascii")))
    except (OSError, ValueError):
        return whole  # "max", or no cgroup


def clear_socket(folder: Folder) -> None:
    """Make the private folder of the socket, or remove what a dead server left in it."""
    folder.make_private(folder.socket_folder)
    for leftover in (_SOCKET_FILE, f"{_SOCKET_FILE}.lock"):
        (folder.socket_folder / leftover).unlink(missing_ok=True)


def remove_outside(folder: Folder) -> None:
    """Leave nothing outside the folder after the server has stopped."""
    if folder.socket_folder.parent == _SHORT_PLACE:
        shutil.rmtree(folder.socket_folder, ignore_errors=True)
