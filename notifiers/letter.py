"""The words of a mail: the letter in the recipient's language, below it the English one, below both the items."""

import textwrap
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from notifiers.exchange import for_partner
from notifiers.law import Law, laws_for
from notifiers.plain import SENTENCE_LENGTH, moment, one_line, whole_url
from notifiers.tables import told_of
from schemas.item import Basis, Classification
from schemas.notice import Kind, Message, NoticeLine

_TEMPLATES = Path(__file__).parent / "templates"
_ENGLISH = "en"
_WIDTH = 72
_RULE = "-" * _WIDTH
#: Stands for a space where a line must not break; turned back after wrapping.
_GLUE = "\N{NO-BREAK SPACE}"
#: Kinds that are told domain, address and count, never the URL of an item.
NETWORK_KINDS = frozenset({Kind.UPSTREAM, Kind.REGISTRAR})
#: Kinds that are told a password: those who must see what the notice speaks of.
ACCESS_KINDS = frozenset({Kind.FIRST, Kind.REMINDER, Kind.POLICE, Kind.FORWARD})
_FORWARD_REMINDER = "forward_reminder"
#: What a message is about, by its theme: paragraphs of words/, before those that every message has.
_HISTORY = {
    "reminder": "history_reminder",
    "site": "history_site",
    "upstream": "history_network",
    "registrar": "history_network",
    "regulator": "history_regulator",
    _FORWARD_REMINDER: "history_forward",
}
_ASK = {
    "upstream": "ask_upstream",
    "registrar": "ask_registrar",
    "regulator": "ask_regulator",
    "front": "ask_front",
    "police": "ask_police",
    "forward": "ask_forward",
    _FORWARD_REMINDER: "ask_forward",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says: its subject and its text, lines ending in a newline."""

    subject: str
    text: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    head: str
    lines: tuple[str, ...]


# Plain text: there is nothing to escape, and a URL must stay what it is.
_JINJA = Environment(  # noqa: S701
    loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Give the languages that notices can be written in."""
    return tuple(sorted(path.stem for path in (_TEMPLATES / "words").glob("*.toml")))


def language_of(wish: str) -> str:
    """Give the language that serves a wish such as `de` or `pt-BR`; English where none does."""
    primary = wish.strip().lower().replace("_", "-").partition("-")[0]
    return primary if primary in languages() else _ENGLISH


@lru_cache(maxsize=64)
def _words(language: str) -> dict[str, str]:
    text = (_TEMPLATES / "words" / f"{language}.toml").read_text(encoding="utf-8")
    tables = {name: table for name, table in tomllib.loads(text).items() if isinstance(table, dict)}
    return {f"{name}.{key}": words for name, table in tables.items() for key, words in table.items()}


@lru_cache(maxsize=4096)
def _phrase(language: str, key: str) -> Template:
    return _JINJA.from_string(_words(language)[key])


@lru_cache(maxsize=4096)
def _label(spoken: tuple[str, ...], key: str) -> str:
    return " / ".join(dict.fromkeys(_words(language)[f"label.{key}"] for language in spoken))


def letter(message: Message) -> Letter:
    """Write the subject and the text of a mail: every word of it but the attachments."""
    language = language_of(message.language)
    spoken = (language,) if language == _ENGLISH else (language, _ENGLISH)
    letters = [_one_language(message, each) for each in spoken]
    text = f"\n\n{_RULE}\nEnglish\n{_RULE}\n\n".join(letters)
    title = _said(message, language, f"title.{_theme(message)}").replace(_GLUE, " ")
    return Letter(
        subject=f"{title} [{message.id}]", text=f"{text}\n\n{_RULE}\n{_list(message, spoken)}\n", languages=spoken
    )


def _one_language(message: Message, language: str) -> str:
    withdrawn = message.kind is Kind.WITHDRAWAL  # nothing is asked any more
    return _JINJA.get_template("letter.txt").render(
        theme=_theme(message),
        id=message.id,
        written=moment(message.written_at),
        deadline=None if message.deadline is None or withdrawn else moment(message.deadline),
        count=len(message.lines),
        hoster=None if message.hoster is None or withdrawn else one_line(message.hoster),
        earlier=None if message.earlier_first_at is None else moment(message.earlier_first_at),
        paragraphs=_paragraphs(message),
        laws=[law.sentence(language) for law in _laws(message)],
        closing=_closing(message),
        answer_link=None if message.answer_link is None or withdrawn else whole_url(message.answer_link),
        sender=one_line(message.sender.name),
        say=lambda key: _wrapped(_said(message, language, key)),
        label=partial(_label, (language,)),
        bullet=lambda law: _wrapped(law, first="- ", following="  "),
    )


def _theme(message: Message) -> str:
    return _FORWARD_REMINDER if message.kind is Kind.REMINDER and for_partner(message) else message.kind.value


def _said(message: Message, language: str, key: str) -> str:
    until = None if message.deadline is None else moment(message.deadline).replace(" ", _GLUE)
    words = _words(language)
    by = words["by.none"] if until is None else _phrase(language, "by.deadline").render(deadline=until)
    return _phrase(language, key).render(
        sender=one_line(message.sender.name),
        country=message.sender.country,
        contact=one_line(message.sender.contact_email),
        by=by,
        what=words[f"what.{_what(message)}"],
    )


def _wrapped(text: str, *, first: str = "", following: str = "") -> str:
    # textwrap breaks at ASCII white space only, so the glue holds; neither addresses nor URLs are cut.
    wrapped = textwrap.fill(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped.replace(_GLUE, " ")


def _what(message: Message) -> str:
    bases = {line.basis for line in message.lines}
    if len(bases) != 1:
        return "mixed"
    presumed = not any(line.confirmed for line in message.lines)
    return f"{bases.pop()}_presumed" if presumed else str(bases.pop())


def _paragraphs(message: Message) -> tuple[str, ...]:
    """Choose the paragraphs between who we are and the law, in their order."""
    if message.kind is Kind.WITHDRAWAL:
        return ("ask_withdrawal",)
    theme = _theme(message)
    history = (_HISTORY[theme],) if theme in _HISTORY else ()
    if message.kind in NETWORK_KINDS:
        return (*history, *_asks(message), "preserve", "discretion")
    return (*_matters(message.lines), *history, *_asks(message), "scope", "preserve", "discretion")


def _matters(lines: Sequence[NoticeLine]) -> tuple[str, ...]:
    confirmed = [line for line in lines if line.confirmed]
    found: set[str] = {
        "national" if line.classification is Classification.NATIONAL and line.basis is Basis.CSAM else str(line.basis)
        for line in confirmed
    }
    matters: list[str] = [key for key in ("csam", "national", "ncii", "other") if key in found]
    if len(confirmed) < len(lines):
        matters.append("presumed")
    if any(line.returned for line in lines):
        matters.append("returned")
    return tuple(matters)


def _asks(message: Message) -> tuple[str, ...]:
    theme = _theme(message)
    if theme in _ASK:
        return (_ASK[theme],)
    confirmed = any(line.confirmed for line in message.lines)
    presumed = any(not line.confirmed for line in message.lines)
    return (*(("ask_remove",) if confirmed else ()), *(("ask_presumed",) if presumed else ()))


def _closing(message: Message) -> tuple[str, ...]:
    if message.kind is Kind.WITHDRAWAL:
        return ()
    presumed = any(not line.confirmed for line in message.lines)
    return ("faith", *(("faith_presumed",) if presumed else ()), "attached")


def _laws(message: Message) -> Sequence[Law]:
    if message.kind is Kind.WITHDRAWAL:
        return ()
    countries = {message.recipient_country} if message.recipient_country else {line.country for line in message.lines}
    return laws_for({country for country in countries if country}, {line.basis for line in message.lines})


def _list(message: Message, spoken: tuple[str, ...]) -> str:
    label = partial(_label, spoken)
    if message.kind is Kind.WITHDRAWAL:
        entries = [_Entry(head=f"{label('item')} {line.item}", lines=()) for line in message.lines]
    elif message.kind in NETWORK_KINDS:
        entries = [
            _Entry(head=f"{label('domain')} {site}", lines=(f"{label('address')}: {address}", f"{label('count')}: {n}"))
            for (site, address), n in told_of(message.lines).items()
        ]
    else:
        entries = [_entry(line, message, spoken, label) for line in message.lines]
    return _JINJA.get_template("list.txt").render(heading=label("list"), entries=entries)


def _entry(line: NoticeLine, message: Message, spoken: tuple[str, ...], label: Callable[[str], str]) -> _Entry:
    facts: list[tuple[str, object]] = [
        *((_words(language)["label.assessment"], _assessment(line, language)) for language in spoken),
        *_seen(line, label),
        (label("network"), _network(line)),
        (label("front"), line.front),
        (label("reason"), line.reason),
        *((label("hash"), f"{name} {value}") for name, value in sorted((line.hashes or {}).items())),
    ]
    if message.kind in ACCESS_KINDS:
        facts.append((label("access"), line.access))
    if for_partner(message):
        facts += [(label("reference"), line.reference), (label("series"), line.series)]
    lines = [f"{name}: {one_line(str(fact), SENTENCE_LENGTH)}" for name, fact in facts if fact]
    if line.returned:
        lines.append(label("returned"))
    return _Entry(head=f"{label('item')} {line.item}", lines=(whole_url(line.url), *lines))


def _assessment(line: NoticeLine, language: str) -> str:
    words = _words(language)
    status = words["label.confirmed" if line.confirmed else "label.presumed"]
    text = f"{status}: {words[f'what.{line.basis}']}"
    # The classes are those of child sexual abuse material: of anything else they say nothing.
    if line.classification is None or line.basis is not Basis.CSAM:
        return text
    return f"{text}, {words['label.classification']} {line.classification}"


def _seen(line: NoticeLine, label: Callable[[str], str]) -> list[tuple[str, object]]:
    if line.last_up_at is None:
        return [(label("last_up"), label("not_seen")), (label("address"), line.address)]
    on = "" if line.address is None else f" ({line.address})"
    return [(label("last_up"), moment(line.last_up_at) + on)]


def _network(line: NoticeLine) -> str:
    system = "" if line.asn is None else f"AS{line.asn}"
    name = line.as_name or line.hoster
    return ", ".join(part for part in (" ".join(filter(None, (system, name))), line.country) if part)
