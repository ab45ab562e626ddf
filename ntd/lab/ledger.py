"""All that was asked of the lab, sent to it and posted to it, with its time: what the daemon really did."""

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from ntd.lab.letter import Letter


def key_of(url: str) -> tuple[str, str]:
    """Give the host and path that a URL names, as a web server knows them.

    >>> key_of("http://img.pictures.test:8080/i/1.jpg")
    ('img.pictures.test', '/i/1.jpg')
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    return name.lower(), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail that reached the final dot, or was turned away before."""

    at: datetime
    sender: str
    to: str
    outcome: str  # taken | answer lost | deferred | refused | stranger
    letter: Letter | None
    sha256: str = ""

    @property
    def taken(self) -> bool:
        """Say whether it lies in the mailbox."""
        return self.outcome in {"taken", "answer lost"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One post to a hoster's API."""

    at: datetime
    hoster: str
    key: str
    url: str
    outcome: str  # taken | answer lost | again | busy | withdrawn | malformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Items that a partner got to see. `accepted` and `refused` are item ids."""

    at: datetime
    partner: str
    id: str
    items: dict[str, str]
    refused: tuple[str, ...]
    outcome: str  # taken | again | unauthorised | malformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer that a partner or a recipient gave us, and the status it met."""

    at: datetime
    who: str
    item: str
    action: str
    status: int


@dataclass(slots=True)
class Ledger:
    """Everything, in order."""

    mails: list[Mail] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)  # host and path, items and siblings alike
    questions: Counter[str] = field(default_factory=Counter)
    registrations: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Write it as one JSON document; times as RFC 3339."""
        return {
            "mails": [_plain(one) for one in self.mails],
            "reports": [_plain(one) for one in self.reports],
            "forwards": [_plain(one) for one in self.forwards],
            "said": [_plain(one) for one in self.said],
            "requests": dict(self.requests),
            "questions": dict(self.questions),
            "registrations": dict(self.registrations),
        }

    def counts(self) -> dict[str, int]:
        """Give how much of each came."""
        return {
            "questions": sum(self.questions.values()),
            "registrations": sum(self.registrations.values()),
            "requests": sum(self.requests.values()),
            "mails": sum(mail.taken for mail in self.mails),
            "reports": sum(report.outcome in {"taken", "answer lost"} for report in self.reports),
            "forwards": sum(forward.outcome == "taken" for forward in self.forwards),
            "answers": len(self.said),
        }


def _plain(record: Mail | Report | Forward | Said) -> dict[str, Any]:
    return {**asdict(record), "at": record.at.isoformat()}


def digest(content: bytes) -> str:
    """Give what tells whether two mails are the same bytes."""
    return hashlib.sha256(content).hexdigest()
