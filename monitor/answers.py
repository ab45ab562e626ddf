"""Answers made for programs: what one in JSON or XML says of a fault, in words. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from html import unescape
from itertools import islice
from typing import Final

#: How deep in an answer its words for a fault may stand.
_DEPTH: Final = 5
#: How many entries of one list are looked at, and how much of one text is taken, in characters.
_ENTRIES: Final = 8
_WORDS: Final = 200
_NAMES: Final = frozenset(
    {"error", "errors", "message", "detail", "reason", "title", "msg", "error_message", "code", "value", "err"}
)
_STATUS: Final = ("status", "code", "statuscode", "status_code")
#: What a status says that is a fault: "error", "fail", "error-notFound", 404.
_FAULTY: Final = re.compile(r"4(?:04|10)|(?:error|fail|failed|failure)\b.*", re.IGNORECASE | re.DOTALL)
#: What the state of a thing says that is not there any more.
_AWAY: Final = re.compile(r"removed|deleted|taken[_ -]?down|expired|purged", re.IGNORECASE)
#: "NOT_FOUND", "error-notFound", "NoSuchKey": words written as one.
_SEAM: Final = re.compile(r"[_-]|(?<=[a-z])(?=[A-Z])")
#: A document in XML that is about nothing but a fault, e.g. of a store of objects.
_XML_FAULT: Final = re.compile(r"\s*(?:<\?xml[^>]{0,200}>)?\s*<(?:error|errorresponse|fault)[\s>]", re.IGNORECASE)
_XML_WORDS: Final = re.compile(r"<(?:code|message|error|reason|title|detail)>([^<]{1,200})<", re.IGNORECASE)


def words_of_fault(text: str) -> tuple[str, ...]:
    """Give the words an answer has for its fault; () when it reports none, or is neither JSON nor XML.

    >>> words_of_fault('{"ok": false, "error": "NOT_FOUND"}')
    ('NOT FOUND',)
    >>> words_of_fault("<Error><Code>NoSuchKey</Code></Error>")
    ('No Such Key',)
    """
    if text.lstrip().startswith("<"):
        return _words_of_xml(text)
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    if isinstance(answer, dict) and answer.get("type") == "Tombstone":
        return ("deleted",)  # what stands where a thing was (Activity Vocabulary, 3.3, "Tombstone")
    return tuple(_apart(words[:_WORDS]) for words in _words(answer)) if _is_fault(answer) else ()


def _words_of_xml(text: str) -> tuple[str, ...]:
    if not _XML_FAULT.match(text):
        return ()
    return tuple(_apart(unescape(found[1]).strip()) for found in islice(_XML_WORDS.finditer(text), _ENTRIES))


def _apart(words: str) -> str:
    """Write a code as words; a sentence stays what it is."""
    return words if " " in words else " ".join(_SEAM.sub(" ", words).split())


def _is_fault(answer: object) -> bool:
    if not isinstance(answer, dict):
        return False
    small = {str(name).lower(): value for name, value in answer.items()}
    failed = any(small.get(name) is False for name in ("success", "ok", "status")) or _is_away(small)
    status = next((small[name] for name in _STATUS if name in small), None)
    return failed or bool(small.get("error") or small.get("errors")) or bool(_FAULTY.fullmatch(str(status)))


def _is_away(small: Mapping[str, object]) -> bool:
    return any(_AWAY.fullmatch(str(small.get(name))) for name in ("state", "status"))


def _words(answer: object) -> Iterator[str]:
    """Yield texts with the names that faults have, as far as a few levels go."""
    level = [answer]
    for depth in range(_DEPTH):
        inner: list[object] = []
        for one in level[:_ENTRIES]:
            if isinstance(one, str):
                yield one
            elif isinstance(one, dict):
                inner += [value for name, value in one.items() if _tells(str(name).lower(), value, depth)]
            elif isinstance(one, list):
                inner += one[:_ENTRIES]
        level = inner


def _tells(name: str, value: object, depth: int) -> bool:
    # A status in words says more than that something failed: "error-notFound".
    return name in _NAMES or (not depth and name == "status" and isinstance(value, str) and bool(_SEAM.search(value)))
