"""Names that nobody has uploaded, in the places where an item stands: what a missing page looks like there.

The first sibling is a random name in the same directory, or for a page that finds its item by the query, a random
value there. Where an earlier part of the path looks like the item's number ("/video/123/title"), a second one varies
that part: sites that ignore the title would otherwise look as if they answered every name alike.
"""

import hashlib
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from schemas.url import Url

_DIGITS: Final = "123456789"
_HEX: Final = re.compile(r"[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]*|[0-9a-f]*[a-f][0-9a-f]*\d[0-9a-f]*")
#: Shorter names are filled up to this length: a short one might be somebody's upload.
_SHORTEST: Final = 10
#: What is taken for the number of an item when it is not the last part of the path: a number, or letters and digits
#: mixed as nobody names a directory ("soft404" and "page2" are names).
_NUMBER_LIKE: Final = re.compile(
    r"\d{2,64}|(?=.{2,64}$)[A-Za-z]*\d+[A-Za-z][A-Za-z0-9]*|(?=.{6,64}$)(?:[A-Za-z0-9]*[a-z][A-Z]){2}[A-Za-z0-9]*"
)
_EXTENSION: Final = re.compile(r"\.[A-Za-z0-9]{1,5}")
#: Directories that sites have of themselves; every other one may be somebody's own.
_ROUTE: Final = re.compile(
    r"(?:i|img|imgs|image|images|p|pic|pics|picture|pictures|photo|photos|v|vid|video|videos|watch|view|show|f|file|files|"
    r"d|dl|download|downloads|u|upload|uploads|m|media|static|assets|cdn|g|gallery|galleries|a|album|albums|data|content|"
    r"wp-content|thumb|thumbs|full|original|large|raw|t|thread|threads|topic|post|posts|s|share|embed|e|x|api|v\d|"
    r"[a-z]{2})"
)
#: Last parts of a path that name a program of the site rather than an item.
_PROGRAM: Final = re.compile(r"(?:.*\.(?:php\d?|aspx?|cgi|pl|jsp|do|cfm)|[a-z_-]{1,20})?")
_VALUE: Final = re.compile(r"(?=.*\d)[A-Za-z0-9_.-]{2,128}|[A-Za-z0-9_-]{8,128}")
#: Values of a query that are varied at most: a hostile URL may have thousands.
_VALUES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """What a page is compared with; each group only where all before it looked like the page."""

    names: tuple[str, ...] = ()  # each must look like the item before it looks missing
    deeper: str | None = None  # one more, for a page that shows something: in a directory that nobody has
    bare: str | None = None  # the program without its query: alike means that it ignores the query …
    program: str | None = None  # … unless this one, which is no program, looks the same too
    front: str = ""  # the front page


def siblings_of(url: Url, entropy: bytes) -> Siblings:
    """Give what to compare with; no names for a front page or a plain directory, which have no name of their own.

    The names keep the shape of the item's (digits stay digits, the extension stays), because many sites route by it.
    The query is left away where the path has the name: it would carry the item into a page that ignores its path.
    """
    authority = "/".join(url.text.split("/", 3)[:3])
    path, _, query = url.path.partition("?")
    parts = path.split("/")[1:]
    varied = _varied_query(query, entropy)
    if varied != query and _PROGRAM.fullmatch(parts[-1].lower()):
        script = "/".join([*parts[:-1], _other(parts[-1] or "index", entropy)])
        return Siblings(
            names=(f"{authority}{path}?{varied}",),
            bare=f"{authority}{path}",
            program=f"{authority}/{script}",
            front=f"{authority}/",
        )
    slash = "/" if not parts[-1] else ""
    parts = parts[:-1] if slash else parts
    if not parts or (slash and not _is_name(parts[-1])):
        return Siblings(front=f"{authority}/")
    return Siblings(
        names=tuple(f"{authority}/{'/'.join(one)}{slash}" for one in _by_path(parts, entropy)),
        deeper=next((f"{authority}/{'/'.join(one)}{slash}" for one in _deeper(parts, entropy)), None),
        front=f"{authority}/",
    )


def _is_name(part: str) -> bool:
    """Say whether a directory may be an item: "/album/4711/" and "/threads/a-day.52/" are, "/gallery/" is not."""
    return bool(re.search(r"[\d._-]", part)) or len(part) > _SHORTEST


def _by_path(parts: list[str], entropy: bytes) -> Iterator[list[str]]:
    yield [*parts[:-1], _other(parts[-1], entropy)]
    if numbered := [index for index, part in enumerate(parts[:-1]) if _NUMBER_LIKE.fullmatch(part)]:
        at = numbered[-1]
        yield [*parts[:at], _other(parts[at], entropy), *parts[at + 1 :]]


def _deeper(parts: list[str], entropy: bytes) -> Iterator[list[str]]:
    for at in range(len(parts) - 2, -1, -1):
        if not _ROUTE.fullmatch(parts[at].lower()):
            yield [*parts[:at], _other(parts[at], entropy), *parts[at + 1 :]]


def _varied_query(query: str, entropy: bytes) -> str:
    """Vary what may name an item in a query."""
    pairs = query.split("&")
    for at, pair in enumerate(pairs[:_VALUES]):
        name, equals, value = pair.partition("=")
        if equals and _VALUE.fullmatch(value):
            pairs[at] = f"{name}={_other(value, entropy)}"
        elif not equals and _VALUE.fullmatch(name):
            pairs[at] = _other(name, entropy)
    return "&".join(pairs)


def _other(name: str, entropy: bytes) -> str:
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem or not _EXTENSION.fullmatch(dot + extension):
        stem, dot, extension = name, "", ""
    shape = _shape(stem)
    noise = hashlib.blake2b(name.encode(), key=entropy[:64], digest_size=64).digest() * 4
    return "".join(letters[noise[at] % len(letters)] for at, letters in enumerate(shape)) + dot + extension


def _shape(stem: str) -> list[str]:
    """Give the letters each place may hold, at most 64 of them."""
    shape = [_letters(letter, hexadecimal=bool(_HEX.fullmatch(stem))) for letter in stem[:64]]
    filler = next((letters for letters in reversed(shape) if len(letters) > 1), string.ascii_lowercase)
    return shape + [filler] * (_SHORTEST - len(shape))


def _letters(letter: str, *, hexadecimal: bool) -> str:
    if hexadecimal:
        return "0123456789abcdef"
    if letter.isdigit():
        return _DIGITS
    if letter in string.ascii_uppercase:
        return string.ascii_uppercase
    if letter in "-_.":
        return letter
    return string.ascii_lowercase
