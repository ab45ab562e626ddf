"""The messages of the .txt files of tests/data/inbox, made whole: encoded, and with our notice as written today."""

import base64
import quopri
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from notifiers.letter import letter
from notifiers.samples import plain_lines, shown
from schemas.ids import ItemId, NoticeId
from schemas.notice import Kind
from tests.fakes.incoming_mail import CORPUS, ITEMS, NOTICE
from tests.fakes.notifiers_messages import NOW, SENDER

FIELDS = ("kind", "permanent", "status", "suggestion", "ticket")
_REPORTS = {"bounce", "delay", "delivered"}
_WORDS = {"true": True, "false": False, "null": None}
_ITEMS = {"I1": [str(ITEMS[0])], "I2": [str(ITEMS[1])], "all": [str(item) for item in ITEMS]}
_PLAIN = {"N": str(NOTICE), "HEX": NOTICE.hex, "I1": str(ITEMS[0]), "I2": str(ITEMS[1])}
_THREAD = f"In-Reply-To: <{NOTICE}@hotline.example>\nReferences: <{NOTICE}@hotline.example>"
_MIME = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit"
_RETURNED = f"""Return-Path: <bounces+{NOTICE.hex}@hotline.example>
From: Example Hotline <notices@hotline.example>
To: abuse@hoster.example
Subject: Notice: child sexual abuse material - please remove by 2026-11-23 08:07 UTC [{NOTICE}]
Message-ID: <{NOTICE}@hotline.example>
Auto-Submitted: auto-generated"""
_PARTS = {"re": _THREAD, "mime": _MIME, "returned": _RETURNED}
_HEAD = """From: Abuse <abuse@hoster.example>
To: notices@hotline.example
Subject: {subject}
MIME-Version: 1.0
Content-Type: text/{form}; charset=utf-8
Content-Transfer-Encoding: 8bit"""


def messages(file: str = "messages.txt") -> Iterator[tuple[str, bytes, dict[str, tuple[Any, ...]]]]:
    """Give each message: name, bytes, and the readings of each field that are right."""
    text = (CORPUS / file).read_text(encoding="utf-8")
    for chunk in re.split(r"(?m)^#### ", text)[1:]:
        first, raw = chunk.split("\n", 1)
        name, *said = first.split()
        meant = dict(one.split("=", 1) for one in said)
        yield name, _whole(raw), _readings(meant)


def _readings(meant: dict[str, str]) -> dict[str, tuple[Any, ...]]:
    """Give what is right for each field; what is left open ("*") is not among them."""
    kinds = set(meant["kind"].split("|"))
    usual = dict.fromkeys(FIELDS, "null")
    usual["recipient"] = "abuse@hoster.example" if kinds <= _REPORTS else "*"
    usual["items"] = "*" if "unrelated" in kinds else "all"
    return {field: _right(field, said) for field, said in (usual | meant).items() if said != "*"}


def _right(field: str, said: str) -> tuple[Any, ...]:
    words: dict[str, Any] = _ITEMS if field == "items" else _WORDS
    return tuple(words.get(one, one) for one in said.split("|"))


def _whole(raw: str) -> bytes:
    raw = re.sub(r"(?m)^@@(re|mime|returned)@@$", lambda found: _PARTS[found[1]], raw)
    raw = re.sub(r"@@(N|HEX|I1|I2)@@", lambda found: _PLAIN[found[1]], raw)
    raw = re.sub(r"(?m)^@@head(html)? (.*)@@$", lambda found: _head(found[2], marked=bool(found[1])), raw)
    raw = re.sub(r"@@hdr64 (\S+) (.*?)@@", lambda found: base64.b64encode(found[2].encode(found[1])).decode(), raw)
    raw = re.sub(r"(?m)^@@notice (\w+)( >)?@@$", lambda found: _notice(found[1], "> " if found[2] else ""), raw)
    raw = re.sub(r"(?ms)^@@(b64|qp) (\S+)@@\n(.*?)^@@end@@", lambda found: _encoded(found[1], found[2], found[3]), raw)
    charset = re.search(r"(?m)^X-Raw: (\S+)\n", raw)
    return raw.replace(charset[0], "").encode(charset[1], "replace") if charset else raw.encode()


def _head(subject: str, *, marked: bool) -> str:
    return _HEAD.format(subject=subject, form="html" if marked else "plain")


def _encoded(how: str, charset: str, text: str) -> str:
    data = text.encode(charset)
    return (base64.encodebytes(data) if how == "b64" else quopri.encodestring(data)).decode()


@lru_cache(maxsize=32)
def _notice(language: str, mark: str) -> str:
    lines = [replace(line, item=ItemId(item)) for line, item in zip(plain_lines(NOW), ITEMS, strict=True)]
    message = replace(shown(Kind.FIRST, language, SENDER, lines, NOW, NOW), id=NoticeId(NOTICE))
    return "\n".join((mark + line).rstrip() for line in letter(message).text.splitlines())
