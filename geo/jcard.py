"""What a jCard says (RFC 7095): a name, what kind of thing it is, its country and its mailboxes.

Cards of registries are odd: lines without parameters or type, lists for values, groups before names, several mailboxes
in one value, the address only as a label whose line breaks were escaped twice. Each oddity costs its own line at most.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from geo.mailbox import mailbox

#: Lines of a card that are read; the longest recorded has 24.
MAX_LINES: Final = 200
#: Characters of a name that is kept.
MAX_TEXT: Final = 200
#: Mailboxes of one card that are kept.
MAX_MAILBOXES: Final = 10
#: Mailboxes of one card that are looked at, to find those.
_READ_MAILBOXES: Final = 50
#: Least preferred, for a line that says nothing of its preference (RFC 6350, section 5.3: 1 to 100).
UNPREFERRED: Final = 101
#: Values of one line that are read.
_MAX_VALUES: Final = 20
#: Place of the country among the parts of an address (RFC 6350, section 6.3.1).
_COUNTRY_PART: Final = 6

# What stands in the place of a name that is not shown, in the words of registrars and registries (RFC 9537, section 3,
# forbids them: such a field is to be left out or empty).
_WITHHELD: Final = re.compile(
    r"[\W_]*(?:(?:data )?(?:redacted|masked|not disclosed|non-public data|withheld for privacy)"
    r"|gdpr (?:redacted|masked)|statutory masking|not shown)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mailbox of a card."""

    address: str
    marked: bool  # the line says itself that it is for abuse
    preference: int = UNPREFERRED  # 1 is the most preferred


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryText:
    """Something a card says about its country."""

    text: str
    may_be_code: bool  # False where two letters may as well be a state or a province: "CA", "DE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card says; None and empty for what it does not say."""

    name: str | None = None
    kind: str | None = None  # "individual", "group", "org", …
    countries: tuple[CountryText, ...] = ()  # the plainest first
    mailboxes: tuple[Mail, ...] = ()  # those for abuse first, then the preferred ones, then as they stand


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    name: str
    parameters: Mapping[str, Any]
    values: tuple[Any, ...]


def read_card(raw: object) -> Card:
    """Read a `vcardArray`; an empty card for what is none."""
    lines = list(_lines(raw))
    return Card(
        name=_name(lines),
        kind=next((text.lower() for line in lines if line.name == "kind" for text in texts(line.values)), None),
        countries=tuple(text for line in lines if line.name == "adr" for text in _countries(line)),
        mailboxes=_mailboxes(lines),
    )


def one_line(value: object) -> str | None:
    """Make one line of printable text of a value: names stand in notices and on terminals. None for no text.

    >>> one_line("  Alpha   B.V. ")
    'Alpha B.V.'
    """
    if not isinstance(value, str):
        return None
    return "".join(letter for letter in " ".join(value.split()) if letter.isprintable())[:MAX_TEXT].strip() or None


def shown(text: str | None) -> str | None:
    """Give a name, and None where a placeholder stands for one that is not shown.

    >>> shown("REDACTED FOR PRIVACY"), shown("Private Layer Inc.")
    (None, 'Private Layer Inc.')
    """
    return None if text is None or _WITHHELD.match(text) else text


def texts(values: object, depth: int = 3) -> Iterator[str]:
    """Walk the texts in a value, lists inside lists included, to a depth of `depth`."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, list | tuple) and depth:
        for value in values[:_MAX_VALUES]:
            yield from texts(value, depth - 1)


def _lines(raw: object) -> Iterator[_Line]:
    # ["vcard", [[name, parameters, type, value, …], …]]; the word in front is missing in some.
    parts = raw if isinstance(raw, list) else []
    found = next((part for part in parts[:2] if isinstance(part, list)), [])
    # The whole may be the list of lines itself.
    listed = parts if found and isinstance(found[0], str) else found
    for entry in listed[:MAX_LINES]:
        if isinstance(entry, list) and len(entry) > 1 and isinstance(entry[0], str):
            yield _line(entry[0], entry[1:])


def _line(name: str, rest: list[Any]) -> _Line:
    parameters = rest[0] if isinstance(rest[0], dict) else {}
    # name, parameters, type, values; where one of the two in the middle is missing the last one is the value.
    values = rest[2:] if len(rest) > 2 else rest[-1:]  # noqa: PLR2004 -- parameters and type
    return _Line(
        # Names are in lower case (RFC 7095, section 3.3) and groups in a parameter; others write "WORK.EMAIL".
        name=name.strip().lower().rpartition(".")[2],
        parameters={key.lower(): value for key, value in parameters.items()},
        values=tuple(values),
    )


def _name(lines: list[_Line]) -> str | None:
    named = (one_line(text) for kind in ("fn", "org") for line in lines if line.name == kind for text in _first(line))
    return next((name for text in named if (name := shown(text)) is not None), None)


def _first(line: _Line) -> list[str]:
    return [text for text in texts(line.values) if text.strip()][:1]


def _mailboxes(lines: list[_Line]) -> tuple[Mail, ...]:
    found = list(islice((mail for line in lines if line.name == "email" for mail in _mails(line)), _READ_MAILBOXES))
    found.sort(key=lambda mail: (not mail.marked, mail.preference))
    kept: dict[str, Mail] = {}
    for mail in found:
        kept.setdefault(mail.address.casefold(), mail)
    return tuple(kept.values())[:MAX_MAILBOXES]


def _mails(line: _Line) -> Iterator[Mail]:
    marked = any("abuse" in kind.lower() for kind in texts(line.parameters.get("type")))
    for text in texts(line.values):
        for part in re.split(r"[\s,;]+", text.partition("?")[0]):
            address = mailbox(part)
            # "hos***@…": masked, nobody's mailbox.
            if address is not None and "*" not in address:
                yield Mail(address=address, marked=marked, preference=_preference(line.parameters.get("pref")))


def _preference(value: object) -> int:
    text = str(value) if isinstance(value, str | int) else ""
    return min(int(text), UNPREFERRED) if text.isascii() and text.isdecimal() and len(text) < 4 else UNPREFERRED  # noqa: PLR2004


def _countries(line: _Line) -> Iterator[CountryText]:
    """Name what a postal address may say of its country: RFC 8605 (cc), its seventh part, its last part, its label."""
    for code in texts(line.parameters.get("cc")):
        yield CountryText(text=code, may_be_code=True)
    parts = line.values[0] if line.values and isinstance(line.values[0], list) else list(line.values)
    for text in texts(parts[_COUNTRY_PART : _COUNTRY_PART + 1]):
        yield CountryText(text=text, may_be_code=True)
    written = [text for text in texts(parts[:_COUNTRY_PART]) if text.strip()]
    label = [text for part in texts(line.parameters.get("label")) for text in _label(part)]
    for lines in (label, written):
        for text in lines[-1:]:
            yield CountryText(text=text, may_be_code=False)
            yield CountryText(text=text.rpartition(",")[2], may_be_code=False)


def _label(text: str) -> list[str]:
    # Some servers escape the line breaks twice: the two characters "\n" arrive.
    lines = text.replace("\\r", "\n").replace("\\n", "\n").splitlines()
    return [line.strip() for line in lines[:_MAX_VALUES] if line.strip()]
