"""Mail that comes back: what systems and people write about a notice, and the corpus of whole messages."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from schemas.incoming import Ours

CORPUS = Path(__file__).parents[1] / "data" / "inbox"
OURS = Ours(
    domain="hotline.example",
    bounce_address="bounces+TOKEN@hotline.example",
    mailboxes=frozenset({"notices@hotline.example"}),
)
#: What all messages of the corpus are about.
NOTICE = UUID("0193a5b0-1111-7000-8000-000000000001")
ITEMS = tuple(UUID(f"0193a5b0-2222-7000-8000-00000000000{n}") for n in (1, 2))


def corpus(folder: str) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    """Give the messages of a folder: name, bytes, what is to be read from them."""
    expected = json.loads((CORPUS / folder / "expected.json").read_text(encoding="utf-8"))
    for name, meant in sorted(expected.items()):
        yield name, (CORPUS / folder / name).read_bytes(), meant


def report(
    message_id: str, to: str, *, action: str = "failed", status: str = "5.1.1", at: str = "notices@hotline.example"
) -> bytes:
    """Write a delivery report (RFC 3464) about a message, sent to the address `at`."""
    return f"""Return-Path: <>
Delivered-To: {at}
From: Mail Delivery System <MAILER-DAEMON@mx.relay.example>
To: {at}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{status}.{action}@mx.relay.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<{to}>: host mx.example said: {status} (in reply to RCPT TO command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.relay.example

Final-Recipient: rfc822; {to}
Action: {action}
Status: {status}

--b
Content-Type: text/rfc822-headers

Message-ID: {message_id}

--b--
""".encode()


DESK = "Abuse Desk <abuse@one.example>"


def reply(message_id: str, text: str, *, subject: str = "Re: Notice", extra: str = "", sender: str = DESK) -> bytes:
    """Write an answer to a message; `extra` are further header lines, each with its line end."""
    return f"""From: {sender}
To: notices@hotline.example
Subject: {subject}
Message-ID: <{sha256(text.encode()).hexdigest()[:16]}@one.example>
In-Reply-To: {message_id}
References: {message_id}
{extra}Content-Type: text/plain; charset=utf-8

{text}
""".encode()
