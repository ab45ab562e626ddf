"""Events to standard error, and the one place where they are redacted.

URLs of items, mail addresses, onion hosts and the tokens of answer links stand in no line of the log: not in a value,
not in the text of an exception, not in what a library logs.
"""

import logging
import re
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# A value longer than this says nothing more to an operator.
_LONGEST: Final = 16_384

_WORD: Final = re.compile(r"\S+")
# "scheme://" also percent-encoded, as it stands inside the query of another URL.
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]{0,30}(?::|%3a)(?:/|%2f|\\){2}.*|\S{0,300}\.onion\b.*", re.IGNORECASE)
_AT: Final = re.compile(r"@|%40", re.IGNORECASE)
_ANSWER_LINK: Final = re.compile(r"/h/[^/?#\"']+")


def redacted(text: str) -> str:
    """Give the text without URLs, mail addresses and tokens of answer links.

    >>> redacted("GET https://img.example/1.jpg for a.b@c.example failed")
    'GET [url] for [mail] failed'
    """
    return _WORD.sub(_redact_word, text[:_LONGEST])


def _redact_word(match: re.Match[str]) -> str:
    """Redact one run of text without spaces; each pattern looks at it once, so that a long one costs no more."""
    word = match.group()
    if "/" in word or "%" in word or "\\" in word or "." in word:
        word = _URL.sub("[url]", word)
        word = _ANSWER_LINK.sub("/h/[token]", word)
    return "[mail]" if _AT.search(word) else word


def _redact(value: Any) -> Any:
    """Redact a value of any shape; what is no plain value is redacted as its text."""
    match value:
        case None | bool() | int() | float() | UUID():
            return value
        case str():
            return redacted(value)
        case Mapping():
            return {redacted(str(key)): _redact(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_redact(inner) for inner in value]
        case _:
            return redacted(str(value))


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Redact every key and value of an event: the last step before it is written."""
    return {redacted(key): _redact(value) for key, value in event.items()}


def configure(form: Literal["json", "console"] = "json", level: str = "info") -> None:
    """Send structlog's events and what libraries log through the same steps to standard error."""
    ours: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=_rendering(form), foreign_pre_chain=ours))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *ours,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _log_crash(kind: type[BaseException], crash: BaseException, trace: TracebackType | None) -> None:
    """Write what nobody caught through the log: the interpreter's own traceback would not be redacted."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, crash, trace)
    else:
        structlog.get_logger(__name__).critical("process.crashed", exc_info=(kind, crash, trace))


def _rendering(form: Literal["json", "console"]) -> list[Processor]:
    """Give the last steps: exceptions become text, then everything is redacted, then written."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
        renderer,
    ]
