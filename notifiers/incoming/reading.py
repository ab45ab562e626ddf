"""One incoming message, read: what kind it is, what it names of ours, what it says. It never fails."""

import hashlib

from notifiers.incoming import automatic
from notifiers.incoming.hidden import without_files
from notifiers.incoming.mail import LONGEST_TEXT, Mail, Part, read_mail
from notifiers.incoming.markup import lines_of
from notifiers.incoming.names import names, recipients_in
from notifiers.incoming.quotation import split, without_frame
from notifiers.incoming.reports import Report, report_of
from notifiers.incoming.suggestion import guessed, said
from notifiers.incoming.tickets import ticket_of
from schemas.incoming import Came, Incoming, Ours, Suggestion

#: Characters of its own words that are kept of a message.
LONGEST_KEPT = 8000
_SIGNED = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


def read(raw: bytes, ours: Ours) -> Incoming:
    """Read one message (RFC 5322)."""
    mail = read_mail(raw)
    text, hidden = without_files(_text_of(mail)[:LONGEST_TEXT])
    report = report_of(mail, text, ours) if not _our_own(mail, ours) else None
    words = split(text)
    named = names(mail, words, ours, reports=report is not None)
    answer = without_frame(words.own)
    told_us = said(answer) if report is None else None
    # Single words count only where no phrase does.
    hints = guessed(answer) if report is None and told_us is None else None
    kind = report.kind if report else _kind(mail, answer, ours, (told_us, hints), names_ours=named.anything)
    told = report or Report(kind=kind, proves_delivery=kind in {Came.ANSWER, Came.AUTO_REPLY})
    return Incoming(
        kind=kind,
        named=named,
        permanent=told.permanent,
        status=told.status,
        recipients=told.recipients,
        proves_delivery=told.proves_delivery,
        suggestion=told_us or hints if kind is Came.ANSWER else None,
        ticket=ticket_of(mail, words.own) if kind in {Came.ANSWER, Came.AUTO_REPLY} else None,
        had_attachment=report is None and (hidden or any(_dropped(part) for part in mail.parts)),
        bulk=automatic.bulk(mail),
        sender=mail.headers.get("from")[:500],
        subject=mail.headers.get("subject")[:500],
        text=(words.own if report is None else text)[:LONGEST_KEPT],
        message_id=mail.headers.get("message-id")[:500],
        identity=_identity(mail),
    )


def _kind(
    mail: Mail, own: str, ours: Ours, meant: tuple[Suggestion | None, Suggestion | None], *, names_ours: bool
) -> Came:
    if _our_own(mail, ours) or mail.type == "multipart/report":
        return Came.UNRELATED
    if not own.strip() and mail.returned:
        # A copy of our own letter and not a word: a complaint loop, or a program that sends back what it got.
        return Came.AUTO_REPLY if names_ours else Came.UNRELATED
    if automatic.automatic(mail, own, *meant):
        return Came.AUTO_REPLY if names_ours or automatic.replies(mail, own) else Came.UNRELATED
    return Came.ANSWER if names_ours else Came.UNRELATED


def _our_own(mail: Mail, ours: Ours) -> bool:
    return any(one in ours.mailboxes for one in recipients_in(mail.headers.get("from"), frozenset()))


def _text_of(mail: Mail) -> str:
    """Give the text that a person would be shown."""
    shown = [part for part in mail.parts if not part.returned and not part.attached]
    plain = "\n".join(part.text() for part in shown if part.type == "text/plain")
    marked = [part for part in shown if part.type == "text/html"]
    if not marked or len(plain.split()) >= _ENOUGH:
        return plain
    return "\n".join([plain, *(lines_of(part.text()) for part in marked)]).strip()


#: A text part of fewer words beside a marked-up one says "your program cannot show this".
_ENOUGH = 12


def _dropped(part: Part) -> bool:
    if part.type in _SIGNED or part.report:
        return False
    return part.returned or part.attached or part.type not in {"text/plain", "text/html"}


def _identity(mail: Mail) -> bytes:
    """Give what is the same for every copy of a message: how it travelled is not part of it."""
    fields = (mail.headers.get(name) for name in ("message-id", "date", "from", "subject"))
    body = b"\n".join(line.rstrip() for line in mail.body.rstrip().split(b"\n"))
    return hashlib.sha256("\n".join(fields).encode(errors="replace") + b"\n\n" + body).digest()
