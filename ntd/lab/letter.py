"""A mail as its recipient reads it: what it names, and whether it keeps to what a notice promises. Pure."""

import csv
import io
import json
import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

_LINK = re.compile(r"https?://[^\s<>\"]+/h/[^\s<>\"]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What stands in a mail."""

    message_id: str
    references: tuple[str, ...]
    subject: str
    items: dict[str, str]  # item id → URL, from the CSV; from XARF and forwards where there is none
    xarf: tuple[str, ...]  # URLs of its XARF parts
    link: str | None  # where the recipient can answer
    faults: tuple[str, ...]  # what it promises and does not keep


def read_letter(content: bytes) -> Letter:
    """Read a mail; what cannot be read is a fault, never an exception."""
    mail = message_from_bytes(content, policy=policy.default)
    texts = [_text(part) for part in mail.walk() if part.get_content_type() == "text/plain"]
    tables = [_text(part) for part in mail.walk() if part.get_content_type() == "text/csv"]
    documents = [_document(part) for part in mail.walk() if part.get_content_type() == "application/json"]
    reports = [one for one in documents if isinstance(one, dict) and "xarf_version" in one]
    items = _of_tables(tables) or _of_forwards(documents)
    link = _LINK.search("\n".join(texts))
    return Letter(
        message_id=str(mail["Message-ID"] or "").strip(),
        references=tuple(str(mail["References"] or "").split()),
        subject=str(mail["Subject"] or ""),
        items=items or {f"xarf {at}": str(one.get("url", "")) for at, one in enumerate(reports)},
        xarf=tuple(str(one.get("url", "")) for one in reports),
        link=link[0] if link else None,
        faults=tuple(_faults(mail, texts, items)),
    )


def _text(part: Any) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        return ""


def _document(part: Any) -> object:
    content = part.get_payload(decode=True) or b""
    try:
        return json.loads(content)
    except ValueError:
        return None


def _of_tables(tables: list[str]) -> dict[str, str]:
    rows = [row for table in tables for row in csv.DictReader(io.StringIO(table))]
    return {str(row["item"]): str(row.get("url") or "") for row in rows if row.get("item")}


def _of_forwards(documents: list[object]) -> dict[str, str]:
    forwards = [one for one in documents if isinstance(one, dict) and one.get("schema") == "ntd/forward/1"]
    return {str(item["item"]): str(item["url"]) for forward in forwards for item in forward["items"]}


def _faults(mail: EmailMessage, texts: list[str], items: dict[str, str]) -> list[str]:
    faults = []
    if not mail["Message-ID"]:
        faults.append("no Message-ID")
    if mail.defects:
        faults.append(f"malformed: {mail.defects[0]}")
    if str(mail["Auto-Submitted"] or "").strip().lower() != "auto-generated":
        faults.append("not marked as auto-generated (RFC 3834)")
    if any(part.get_content_maintype() in {"image", "video", "audio"} for part in mail.walk()):
        faults.append("carries content")
    words = {word for text in texts for line in text.splitlines() for word in line.split()}
    if any(url and url not in words for url in items.values()):
        faults.append("a URL of its table does not stand whole in its text")
    return faults
