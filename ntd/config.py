"""From ntd.toml and NTD_… variables to Settings. Everything that is wrong is said at once."""

import json
import os
import sys
import tomllib
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from ntd.config_problems import problems_of
from schemas.errors import Misconfigured
from schemas.settings import Section, Settings

DEFAULT_FILE: Final = Path("ntd.toml")
_PREFIX: Final = "NTD_"
_EMBEDDED: Final = "embedded:"
_SECRETS: Final = ("password", "token")
# A configuration of a megabyte, or a password of 64 KB, is some other file.
_FILE_LIMIT_BYTES: Final = 1024 * 1024
_SECRET_LIMIT_BYTES: Final = 64 * 1024
#: Keys that hold a path as text, because they may be empty.
_PATHS_AS_TEXT: Final = {"contacts", "hotlines", "upstreams", "certificate"}
#: Keys of the contract whose function is still to come: taken, with a warning.
_TO_COME: Final = (
    "retention.items",
    "retention.withdrawn",
)

_Section = TypeVar("_Section", bound=Section)


def load(
    path: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    warn: Callable[[str], None] | None = None,
    *,
    required: bool = True,
) -> Settings:
    """Read the settings; Misconfigured lists every fault. Not `required`: no ntd.toml here means the defaults."""
    file = locate(path, environ)
    named = path is not None or "NTD_CONFIG" in environ
    written = _Written(file, environ) if required or named or file.is_file() else _Written(None, environ)
    settings = _anchored(_validated(written), file.parent)
    for key in _to_come(settings):
        (warn or _to_stderr)(f"{key}: this version does not use it yet")
    return settings


def locate(path: Path | None, environ: Mapping[str, str] = os.environ) -> Path:
    """Say which file is read: the one named, else NTD_CONFIG, else ./ntd.toml; absolute."""
    return (path or Path(environ.get("NTD_CONFIG") or DEFAULT_FILE)).expanduser().absolute()


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"ntd: warning: {sentence}\n")


class _Written:
    """What the file and the variables say, before it is judged; `problems` grows while it is read."""

    def __init__(self, file: Path | None, environ: Mapping[str, str]) -> None:
        self.file = file
        self.problems: list[str] = []
        self.table = _parse(file) if file else {}
        self._overlay(environ)
        self._read_secrets((file or DEFAULT_FILE).absolute().parent)

    def _overlay(self, environ: Mapping[str, str]) -> None:
        """Put NTD_SECTION__KEY over the file; a number names an entry of a list, as in NTD_PARTNER__0__API."""
        for name in sorted(environ):
            if name.startswith(_PREFIX) and "__" in name:
                try:
                    _put(self.table, _key_of(name), _value_of(environ[name]))
                except (IndexError, AttributeError, ValueError):
                    self.problems.append(f"{name}: names no key of ntd.toml; write for example NTD_SMTP__HOST")

    def _read_secrets(self, base: Path) -> None:
        for where, section in self._sections():
            for key in _SECRETS:
                if section.get(f"{key}_file"):
                    self._read_secret(where, section, key, base)

    def _sections(self) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for name, value in self.table.items():
            entries = value if isinstance(value, list) else [value]
            marks = [f"{name}[{at}]" for at in range(len(entries))] if isinstance(value, list) else [name]
            found += [(mark, entry) for mark, entry in zip(marks, entries, strict=True) if isinstance(entry, dict)]
        return found

    def _read_secret(self, where: str, section: dict[str, Any], key: str, base: Path) -> None:
        if section.get(key):
            self.problems.append(f"{where}: has both {key} and {key}_file; give one of them")
            return
        try:
            section[key] = _secret(base / Path(str(section[f"{key}_file"])).expanduser())
        except (OSError, ValueError) as fault:
            why = fault.strerror if isinstance(fault, OSError) else str(fault)
            self.problems.append(
                f'{where}.{key}_file: "{section[f"{key}_file"]}" cannot be used: {why}; '
                f'write for example {key}_file = "{where.partition("[")[0]}.{key}", a file that holds nothing else'
            )


def _parse(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            return tomllib.loads(opened.read(_FILE_LIMIT_BYTES).decode())
    except FileNotFoundError:
        raise Misconfigured(f"{file} does not exist; `ntd init` writes one, --config names another") from None
    except OSError as fault:
        raise Misconfigured(f"{file} cannot be read: {fault.strerror}") from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise Misconfigured(f'{file} is not TOML: {fault}; write for example name = "value" on a line') from None


def _secret(file: Path) -> str:
    with file.open("rb") as opened:
        content = opened.read(_SECRET_LIMIT_BYTES + 1)
    if not content.strip() or len(content) > _SECRET_LIMIT_BYTES:
        raise ValueError("it is empty or too long")
    return content.decode().rstrip("\r\n")


def _key_of(name: str) -> list[str]:
    parts = name.removeprefix(_PREFIX).split("__")
    # Countries are capitals; every other key is lower case.
    return [part if parts[:2] == ["ROUTING", "COUNTRY"] and at > 1 else part.lower() for at, part in enumerate(parts)]


def _value_of(text: str) -> Any:
    """Read lists and tables as JSON or TOML; everything else is text, which the key's own type reads."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _put(table: Any, parts: list[str], value: Any) -> None:
    """Set one value deep inside; an entry behind the last of a list is added."""
    if not all(parts):
        raise ValueError("a part of the name is empty")
    for part, following in pairwise(parts):
        table = _step(table, part, [] if following.isdigit() else {})
    leaf = parts[-1]
    if isinstance(table, list):
        table[int(leaf)] = value
    else:
        # A secret and the file it may stand in are two spellings of one key.
        table.pop(f"{leaf}_file" if leaf in _SECRETS else leaf.removesuffix("_file"), None)
        table[leaf] = value


def _step(table: Any, part: str, empty: Any) -> Any:
    if not isinstance(table, list):
        return table.setdefault(part, empty)
    if int(part) == len(table):
        table.append(empty)
    return table[int(part)]


class _Table(PydanticBaseSettingsSource):
    """Hands over what was written: file, variables and secrets are already one table."""

    def __init__(self, settings_cls: type[BaseSettings], written: _Written) -> None:
        super().__init__(settings_cls)
        self._table = written.table

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give the value of one section."""
        return self._table.get(field_name, field.get_default()), field_name, False

    def __call__(self) -> dict[str, Any]:
        return self._table


class _Read(Settings, BaseSettings):
    """Settings that read themselves from the one source they are made with: `_Read(written=…)`."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- ours knows lists, and leaves other NTD_… alone
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- no .env: one file is enough to look into
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- secrets come from …_file
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Say where values come from."""
        return (_Table(settings_cls, init_settings()["written"]),)


def _validated(written: _Written) -> Settings:
    read: Callable[..., Settings] = _Read
    try:
        settings = read(written=written)
    except ValidationError as error:
        written.problems += problems_of(error)
    else:
        if not written.problems:
            return Settings.model_construct(**dict(settings))
    raise Misconfigured(_listed(written.file, written.problems))


def _listed(file: Path | None, problems: list[str]) -> str:
    name = file or "the environment"
    if len(problems) == 1:
        return f"{name}: {problems[0]}"
    return "\n".join([f"{name} has {len(problems)} faults:", *(f"  {problem}" for problem in problems)])


def _anchored(section: _Section, base: Path) -> _Section:
    """Make every relative path of a section absolute against the file's folder."""
    changes = {name: _anchor(name, getattr(section, name), base) for name in type(section).model_fields}
    return section.model_copy(update=changes)


def _anchor(name: str, value: Any, base: Path) -> Any:
    match value:
        case Section():
            return _anchored(value, base)
        case Path():
            return base / value.expanduser()
        case list():
            return [_anchor(name, entry, base) for entry in value]
        case str() if value.startswith(_EMBEDDED) and name == "url":
            return _EMBEDDED + str(base / Path(value.removeprefix(_EMBEDDED)).expanduser())
        case str() if value and name in _PATHS_AS_TEXT:
            return str(base / Path(value).expanduser())
        case _:
            return value


def _to_come(settings: Settings) -> list[str]:
    """Name the keys that were set to something and whose function is still to come."""
    return [key for key in _TO_COME if _differs(settings, Settings(), key)]


def _differs(settings: Settings, default: Settings, key: str) -> bool:
    section, _, leaf = key.partition(".")
    given = getattr(settings, section)
    if isinstance(given, list):
        return any(getattr(entry, leaf) != type(entry).model_fields[leaf].default for entry in given)
    return bool(getattr(given, leaf) != getattr(getattr(default, section), leaf))
