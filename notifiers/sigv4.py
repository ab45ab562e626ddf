"""AWS Signature Version 4: who asks, when, and for exactly what.

Source: docs.aws.amazon.com, IAM user guide, "Create a signed AWS API request", read on 22 November 2026.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatory:
    """Whose key signs, and for which service of which region."""

    key_id: str
    secret: str
    region: str
    service: str


def signature_headers(
    who: Signatory, method: str, url: str, headers: dict[str, str], body: bytes, now: datetime
) -> dict[str, str]:
    """Give the headers that a request needs beside `headers`, all of which are signed, and Host, which is too.

    `url` has no character in its path that would be written otherwise; `now` is in UTC.
    """
    stamp, day = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}"
    signed = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    signed |= {"host": _host(url), "x-amz-date": stamp}
    names = ";".join(sorted(signed))
    request = "\n".join(
        (
            method,
            urlsplit(url).path or "/",
            _query(url),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    scope = f"{day}/{who.region}/{who.service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_key(who, day), text.encode(), hashlib.sha256).hexdigest()
    given = f"{_ALGORITHM} Credential={who.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {"X-Amz-Date": stamp, "Authorization": given}


def _host(url: str) -> str:
    parts = urlsplit(url)
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return parts.hostname or "" if parts.port in {None, usual} else f"{parts.hostname}:{parts.port}"


def _query(url: str) -> str:
    named = sorted(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in named)


def _key(who: Signatory, day: str) -> bytes:
    key = f"AWS4{who.secret}".encode()
    for part in (day, who.region, who.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
