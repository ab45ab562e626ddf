"""Answers made for programs: what one in JSON says of a fault, in words. Pure."""

import json
from collections.abc import Iterator
from typing import Final

#: How deep in an answer its words for a fault may stand.
_DEPTH: Final = 5
#: How many entries of one list are looked at, and how much of one text is taken, in characters.
_ENTRIES: Final = 8
_WORDS: Final = 200
_NAMES: Final = frozenset({"error", "errors", "message", "detail", "reason", "title", "msg", "error_message", "code"})


def words_of_fault(text: str) -> tuple[str, ...]:
    """Give the words an answer has for its fault; () when it reports none, or is no JSON.

    >>> words_of_fault('{"ok": false, "error": "NOT_FOUND"}')
    ('NOT FOUND',)
    """
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return ()
    return tuple(words[:_WORDS].replace("_", " ") for words in _words(answer)) if _is_fault(answer) else ()


def _is_fault(answer: object) -> bool:
    if not isinstance(answer, dict):
        return False
    small = {str(name).lower(): value for name, value in answer.items()}
    failed = any(small.get(name) is False for name in ("success", "ok", "status"))
    status = next((small[name] for name in ("status", "code", "statuscode", "status_code") if name in small), None)
    return failed or bool(small.get("error") or small.get("errors")) or str(status) in {"404", "410", "error", "fail"}


def _words(answer: object) -> Iterator[str]:
    """Yield texts with the names that faults have, as far as a few levels go."""
    level = [answer]
    for _ in range(_DEPTH):
        inner = []
        for one in level[:_ENTRIES]:
            if isinstance(one, str):
                yield one
            elif isinstance(one, dict):
                inner += [value for name, value in one.items() if str(name).lower() in _NAMES]
            elif isinstance(one, list):
                inner += one[:_ENTRIES]
        level = inner
