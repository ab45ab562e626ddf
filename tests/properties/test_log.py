"""No URL, mail address, onion host or answer token reaches a line of the log, whoever logs it."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ntd import log

NAMES = st.from_regex(r"[a-z][a-z0-9-]{3,20}[a-z0-9]", fullmatch=True)
MARK = "zqx"


@st.composite
def secrets(draw: st.DrawFn) -> str:
    """Make a text that names an item or a person; all that must vanish holds the mark."""
    name = f"{draw(NAMES)}{MARK}{draw(NAMES)}"
    form = draw(
        st.sampled_from(
            [
                "https://{}.test/path?q=1",
                "HTTP://{}.test",
                "http://user:{}@host.test/",
                "https%3A%2F%2F{}.test%2Fx",
                r"https:\\{}.test",
                "{}.onion/page",
                "{}@mail.test",
                "<a.b+{}@sub.mail.test>",
                "x%40{}.test",
                "/h/{}",
                "path/h/{}/?a=b",
                "postgresql://ntd:{}@/db",
            ]
        )
    )
    return form.format(name)


texts = st.builds(
    "{}{}{}".format, st.sampled_from(["", "GET ", '{"url":"', "a\n"]), secrets(), st.sampled_from(["", "\n", '"}'])
)
values: st.SearchStrategy[Any] = st.recursive(
    texts | texts.map(str.encode) | texts.map(ValueError),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3) | st.tuples(inner),
    max_leaves=5,
)


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Configure the log and collect what it writes; afterwards everything is as it was."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    with redirect_stderr(written):
        log.configure(request.param, "debug")
    yield written
    root.handlers, sys.excepthook = handlers, hook
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@given(text=texts)
def test_a_text_is_redacted(text: str) -> None:
    """Nothing of a name is left, and redacting again changes nothing."""
    redacted = log.redacted(text)

    assert MARK not in redacted
    assert log.redacted(redacted) == redacted


@given(value=values, key=texts)
def test_an_event_is_redacted(value: Any, key: str) -> None:
    """Keys and values of any depth and type are redacted."""
    event = log.redact(None, "info", {"event": "some.event", key: value})

    assert MARK not in str(event)
    assert event["event"] == "some.event"


def _fail_twice(secret: str) -> None:
    """Raise an exception with a cause that holds the secret too."""
    try:
        int(secret)
    except ValueError as cause:
        raise KeyError(secret) from cause


def test_every_way_into_the_log_is_redacted(written: io.StringIO) -> None:
    """Our events, their exceptions, a library's records with arguments and exceptions, warnings, a crash."""
    secret = f"https://{MARK}.test/ from {MARK}@mail.test"
    ours, library = structlog.get_logger("ntd.some"), logging.getLogger("aiohttp.server")
    try:
        _fail_twice(secret)
    except KeyError:
        ours.exception("some.failed", where=[secret])
        library.exception("Error handling %s", secret)
        sys.excepthook(*sys.exc_info())
    ours.warning("%s and", secret)
    logging.getLogger("py.warnings").warning(secret)

    lines = written.getvalue()
    assert MARK not in lines
    assert lines.count("[url]") >= 10
    assert all(word in lines for word in ("some.failed", "Error handling", "process.crashed", "KeyError", "ValueError"))


def test_a_json_line_is_an_event(written: io.StringIO, request: pytest.FixtureRequest) -> None:
    """One line is one object: event, level, logger, time and what was given; plain values stay what they are."""
    if "console" in request.node.name:
        pytest.skip("the console is for eyes")
    item = UUID("019aa0c2-0000-7000-8000-000000000001")
    structlog.get_logger("ntd.some").info("notice.accepted", item=item, count=3, share=0.5, none=None, ok=True)

    line = json.loads(written.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "notice.accepted",
        "level": "info",
        "logger": "ntd.some",
        "item": str(item),
        "count": 3,
        "share": 0.5,
        "none": None,
        "ok": True,
    }


@pytest.mark.parametrize("piece", ["a", "a.", "http:", "x/", "a%", ".onio", "/h/", "@", "a://"])
def test_a_long_value_costs_little(piece: str) -> None:
    """A value of any length and shape is cut and redacted within moments."""
    redacted = log.redacted(piece * 100_000)

    assert len(redacted) <= 16_384


def test_what_names_nobody_stays() -> None:
    """Event names, ids, times, addresses of networks and paths of files are readable."""
    plain = (
        "notice.accepted 019aa0c2-0000-7000-8000-000000000001 2026-11-22T09:00:00Z 192.0.2.1 var/pg/server.log AS64501"
    )

    assert log.redacted(plain) == plain
