"""What mail systems say of our messages: delivery status (RFC 3464), receipts (RFC 8098), the prose of the others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from notifiers.incoming.mail import Mail, read_headers
from notifiers.incoming.names import recipients_in
from notifiers.incoming.words import phrases, plain
from schemas.incoming import Came, Ours

#: RFC 3463: class, subject, detail.
_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
#: Reply codes that refuse mail (RFC 5321, section 4.2.3; RFC 7504), not any number that begins with 4 or 5.
_REPLY = re.compile(r"(?<![\d.:/-])(?:(4)(?:21|3[1-9]|4[1-9]|5\d|71)|(5)(?:0[0-4]|[1-5]\d|7\d))(?=[ \n-]|$)")
_FIELDS = re.compile(
    r"^(?:final-recipient|original-recipient|action|status|reporting-mta)\s?:", re.IGNORECASE | re.MULTILINE
)
_COPY = re.compile(
    r"^.{0,40}(?:below this line is a copy of the message|this is a copy of (?:the|your) message"
    r"|copy of the message follows|original message (?:headers|follows)|undelivered message follows"
    r"|unsent message below|message header follows|-{2,} ?(?:original message|returned message"
    r"|message (?:header|text) follows|the header of the original message)|received: from|return-path:).{0,60}$",
    re.IGNORECASE | re.MULTILINE,
)
#: Nobody is called so but a mail system that reports.
_DAEMON = re.compile(r"\bmailer[-_. ]?daemon\b")
_WORST = ("failed", "delayed", "delivered", "relayed", "expanded")
#: Characters of prose that are read for its meaning.
_PROSE = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one report says of one message."""

    kind: Came
    permanent: bool | None = None
    status: str | None = None
    recipients: tuple[str, ...] = ()
    proves_delivery: bool = False


@dataclass(slots=True)
class _Fate:
    """The fields about one recipient."""

    action: str = ""
    status: str = ""
    diagnostic: str = ""
    addresses: list[str] = field(default_factory=list)

    @property
    def what(self) -> str:
        """Give the action; where it is missing or none we know, what the status class says (RFC 3463, section 2)."""
        known = next((one for one in _WORST if self.action.startswith(one)), "")
        return known or {"5": "failed", "4": "delayed", "2": "delivered"}.get(self.status[:1], "")


def report_of(mail: Mail, text: str, ours: Ours) -> Report | None:
    """Read a message as a report; None: it is none."""
    if any(part.type.endswith("disposition-notification") for part in mail.parts if not part.returned):
        return _receipt(mail, text)
    status = "\n\n".join(part.text() for part in mail.parts if part.type.endswith("delivery-status"))
    if not status and len(set(map(str.lower, _FIELDS.findall(text)))) > 1:
        status = text  # the fields, in a part that does not say what it is
    fates = [fate for fate in _fates(status) if fate.what] if status else []
    if fates:
        return _by_status(mail, min(fates, key=lambda fate: _WORST.index(fate.what)), text, ours)
    return _by_prose(mail, text, ours)


def _receipt(mail: Mail, text: str) -> Report:
    machine = "\n".join(part.text() for part in mail.parts if part.type.endswith("disposition-notification"))
    fields = read_headers(machine)
    refused = _refused(mail, fields.get("disposition"), text)
    return Report(
        kind=Came.BOUNCE if refused else Came.DELIVERED,
        permanent=True if refused else None,
        recipients=tuple(
            one
            for name in ("final-recipient", "original-recipient")
            for one in recipients_in(fields.get(name), _NOBODY)
        ),
        proves_delivery=not refused,
    )


def _refused(mail: Mail, disposition: str, text: str) -> bool:
    """Say whether a filter refused the message, which it says in a receipt (RFC 5429, section 2.1.2)."""
    if "deleted" not in disposition.lower() or "automatic-action" not in disposition.lower():
        return False
    submitted, subject = mail.headers.get("auto-submitted").lower(), plain(mail.headers.get("subject"))
    return "reject" in submitted or phrases("bounce", "subject").search(subject) is not None or "reject" in text.lower()


_NOBODY: frozenset[str] = frozenset()


def _fates(status: str) -> Iterator[_Fate]:
    """Read the groups of fields; sloppy ones leave the empty lines between recipients away."""
    fate, named = _Fate(), False
    for block in re.split(r"\n[ \t]*\n", status[:100_000]):
        for name, value in read_headers(block.strip("\n ")).fields:
            if name == "final-recipient" and named:
                yield fate
                fate = _Fate()
            named = named or name == "final-recipient"
            _take(fate, name, value)
    yield fate


def _take(fate: _Fate, name: str, value: str) -> None:
    match name:
        case "final-recipient" | "original-recipient" | "x-actual-recipient":
            fate.addresses += recipients_in(value.partition(";")[2] or value, _NOBODY)
        case "action":
            fate.action = value.strip().lower()
        case "status" if found := _STATUS.search(value):
            fate.status = found[0]
        case "diagnostic-code":
            fate.diagnostic = value
        case _:
            pass


def _by_status(mail: Mail, fate: _Fate, text: str, ours: Ours) -> Report:
    status = fate.status or _enhanced(fate.diagnostic)
    kind = {"failed": Came.BOUNCE, "delayed": Came.DELAY}.get(fate.what, Came.DELIVERED)
    others = _failed_recipients(mail, text, ours) if not fate.addresses else []
    return Report(
        kind=kind,
        permanent=_permanent(status, fate.diagnostic or text) if kind is Came.BOUNCE else None,
        status=status,
        recipients=tuple(dict.fromkeys([*fate.addresses, *others])),
        proves_delivery=fate.what in {"delivered", "expanded"},
    )


def _enhanced(text: str) -> str | None:
    found = _STATUS.search(text)
    return found[0] if found else None


def _permanent(status: str | None, wording: str) -> bool:
    """Say whether a failure will not pass: by status class, else by the reply code, else by wording."""
    if status is not None:
        return status.startswith("5")
    if code := _REPLY.search(wording):
        return code[2] == "5"
    words = plain(wording[:_PROSE])
    return bool(phrases("bounce", "permanent").search(words)) or not phrases("bounce", "temporary").search(words)


def _by_prose(mail: Mail, text: str, ours: Ours) -> Report | None:
    prose = _before_copy(text)[:_PROSE]
    subject, words = plain(mail.headers.get("subject")), " ".join(plain(prose).split())
    kind = _kind_of_prose(mail, subject, words)
    if kind is None:
        return None
    status = _enhanced(prose) or _enhanced(_before_copy(text))
    if kind is Came.DELAY and status is not None and status.startswith("5"):
        kind = Came.BOUNCE
    return Report(
        kind=kind,
        permanent=_permanent(status, prose) if kind is Came.BOUNCE else None,
        status=status if kind is not Came.DELIVERED or (status or "2").startswith("2") else None,
        recipients=tuple(_failed_recipients(mail, prose, ours)),
        proves_delivery=kind is Came.DELIVERED,
    )


def _kind_of_prose(mail: Mail, subject: str, words: str) -> Came | None:
    kinds = (Came.BOUNCE, Came.DELAY, Came.DELIVERED)
    said = {kind for kind in kinds if phrases(kind.value, "text").search(words)}
    titled = {kind for kind in kinds if phrases(kind.value, "subject").search(subject)}
    machine = _sent_by_a_mail_system(mail)
    if Came.DELIVERED in titled and Came.BOUNCE not in titled and (Came.DELIVERED in said or machine):
        return Came.DELIVERED
    if not machine and not _from_nobody(mail, subject, words) and not titled & said:
        # A person who writes of a mail that bounced is a person.
        return None
    if titled & {Came.BOUNCE, Came.DELAY}:
        return _first(titled & said or titled)
    if said:
        return _first(said)
    if _DAEMON.search(plain(mail.headers.get("from"))):
        return Came.BOUNCE  # in words that we do not know
    return Came.BOUNCE if machine and (_STATUS.search(words) or _REPLY.search(words)) else None


def _first(kinds: set[Came]) -> Came:
    # A warning quotes the failures that it is about.
    return next(kind for kind in (Came.DELAY, Came.BOUNCE, Came.DELIVERED) if kind in kinds)


def _sent_by_a_mail_system(mail: Mail) -> bool:
    sender = plain(f"{mail.headers.get('from')} {mail.headers.get('sender')}")
    return "x-failed-recipients" in mail.headers.names() or phrases("bounce", "sender").search(sender) is not None


def _from_nobody(mail: Mail, subject: str, words: str) -> bool:
    # Reports have no return path (RFC 5321, section 4.5.5); replies of people who are away have none either.
    if mail.headers.get("return-path").strip() != "<>":
        return False
    return not phrases("automatic", "subject").search(subject) and not phrases("automatic", "absence").search(words)


def _before_copy(text: str) -> str:
    copy = _COPY.search(text)
    return text[: copy.start()] if copy and copy.start() > 0 else text


def _failed_recipients(mail: Mail, prose: str, ours: Ours) -> Sequence[str]:
    named = recipients_in(" ".join(mail.headers.all("x-failed-recipients")), ours.mailboxes)
    returned = [one for headers in mail.returned[:1] for one in recipients_in(headers.get("to"), ours.mailboxes)]
    own = set(recipients_in(mail.headers.get("from"), _NOBODY))
    said = [one for one in recipients_in(prose, ours.mailboxes | own) if not _ours_or_a_system(one, ours)]
    return list(dict.fromkeys([*named, *said, *returned]))


def _ours_or_a_system(address: str, ours: Ours) -> bool:
    local, _, domain = address.partition("@")
    return domain == ours.domain.lower() or local in {"mailer-daemon", "postmaster"}
