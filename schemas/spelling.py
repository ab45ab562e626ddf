"""How values are written in ntd.toml: each kind refuses what it is not with a sentence that shows a right one."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.canary import NameCanary
from schemas.duration import parse_duration
from schemas.errors import Refused
from schemas.pace import Pace, parse_pace
from schemas.url import parse_url

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SPAN_OF_DAY = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d")
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*\.?", re.IGNORECASE)
_NAMESERVERS = '192.0.2.53" or "127.0.0.1:5353'  # stands between quotation marks
_AS = re.compile(r"as\d{1,10}", re.IGNORECASE)


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _not_a_number(value: object) -> object:
    if isinstance(value, int | float):
        raise ValueError(f'{value} has no unit; write for example "{value}s" or "{value}h"')  # noqa: TRY004 -- pydantic wants ValueError
    return value


def _positive(span: timedelta) -> timedelta:
    if not span:
        raise ValueError('"0s" would never pause; write for example "15m"')
    return span


#: Reserved in ISO 3166-1 for what has another code there; no look-up ever gives them (geo/country.py).
_ELSEWHERE: Final = {"UK": "GB", "EL": "GR"}


def _country(code: str) -> str:
    if code in _ELSEWHERE:
        raise ValueError(f'{code!r} is not the ISO 3166-1 code of that country; write "{_ELSEWHERE[code]}"')
    if not re.fullmatch(r"[A-Z]{2}", code):
        raise ValueError(f'{code!r} is not a country; write ISO 3166-1 alpha-2 in capitals, for example "NL"')
    return code


def _listen(text: str) -> str:
    _endpoint(text, "127.0.0.1:8080")
    return text


def _nameserver(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        host, _ = _endpoint(text, _NAMESERVERS)
        _address(host, text, _NAMESERVERS)
    return text


def _endpoint(text: str, example: str) -> tuple[str, int]:
    """Split "host:port"; ValueError shows the example."""
    fault = f'{text!r} is not an address and a port; write for example "{example}"'
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(fault) from None
    if not host or port is None or parts.netloc != text or "@" in text:
        raise ValueError(fault)
    return host, port


def _address(host: str, text: str, example: str) -> None:
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f'{text!r} names no IP address; write for example "{example}"') from None


def _base(example: str) -> Callable[[str], str]:
    """Make a check for base URLs, empty allowed; paths are put behind them, so a slash at the end is dropped."""

    def check(text: str) -> str:
        return _form(text, example).rstrip("/")

    return check


def _folder(example: str) -> Callable[[str], str]:
    """Make a check for base URLs that end in a slash: names of files are put behind them."""

    def check(text: str) -> str:
        _web_url(text, example)
        return text.rstrip("/") + "/"

    return check


def _form(text: str, example: str = "https://hoster.example/abuse") -> str:
    if text:
        _web_url(text, example)
    return text


def _web_url(text: str, example: str) -> None:
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good or any(letter.isspace() for letter in text):
        raise ValueError(f'is not an http or https URL; write for example "{example}"')


def _registration(text: str) -> str:
    if text not in {"https", "off"}:
        try:
            _web_url(text, "https://rdap.example")
        except ValueError:
            raise ValueError(
                f'{text!r} is neither "https" nor "off" nor a base URL; write for example "https"'
            ) from None
    return text.rstrip("/")


def _database(text: str) -> str:
    if not re.match(r"embedded:.|postgres(ql)?://.", text):
        # The value is not repeated: it may hold a password.
        raise ValueError('is no database; write for example "embedded:var/pg" or "postgresql://user@host/db"')
    return text


def _proxy(text: str) -> str:
    if text and not re.match(r"(socks5h?|https?)://[^/\s]", text):
        raise ValueError('is no proxy; write for example "socks5://127.0.0.1:1080" or "http://127.0.0.1:3128"')
    return text


def _mailbox(text: str) -> str:
    if text and not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", text):
        raise ValueError('is not one mail address; write for example "notices@hotline.example"')
    return text


#: Octets of the part before the @ (RFC 5321, section 4.5.3.1.1), and of a token: 128 bits in hexadecimal.
_LOCAL_PART, _TOKEN = 64, 32


def _return_path(text: str) -> str:
    # Without the word, the token becomes the address's extension: "+" and itself.
    local, given = _mailbox(text).rpartition("@")[0], len("TOKEN")
    size = len(local.encode()) + (_TOKEN - given if "TOKEN" in local else 0 if "TOKEN" in text else _TOKEN + 1)
    if text.count("TOKEN") > 1:
        raise ValueError('has more than one TOKEN; write for example "bounces+TOKEN@hotline.example"')
    if size > _LOCAL_PART:
        raise ValueError(
            f"has no room for the token of {_TOKEN} letters, as {_LOCAL_PART} are the most before the @; "
            'write for example "bounces+TOKEN@hotline.example"'
        )
    return text


def _sender(text: str) -> str:
    _, address = parseaddr(text)
    if "\n" in text or "\r" in text or not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", address):
        raise ValueError('is not a sender; write for example "Example Hotline <notices@hotline.example>"')
    return text


def _domain(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f'{text!r} is not a domain; write for example "hotline.example"')
    return text


def _quiet(text: str) -> str:
    if text not in _WEEKDAYS and not _SPAN_OF_DAY.fullmatch(text):
        raise ValueError(
            f'{text!r} is neither a weekday nor a span of the day; write for example "Sat" or "00:00-07:00"'
        )
    return text


def _canary(text: str) -> str:
    try:
        parse_url(text)
    except Refused:
        raise ValueError('is not an http or https URL; write for example "https://www.example/up"') from None
    return text


def _canary_name(text: str) -> str:
    return str(NameCanary.read(text))


def _match(text: str) -> str:
    # A name whose last part is a number is an address cut short, or an AS without its "as".
    named = _NAME.fullmatch(text) and not text.rstrip(".").rpartition(".")[2].isdigit()
    if _AS.fullmatch(text) or _is_network(text) or named:
        return text
    raise ValueError(
        f"{text!r} is neither an AS nor a network nor a host or site; "
        'write for example "as64501", "198.51.100.0/24" or "example.net"'
    )


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


def _header_text(text: str) -> str:
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("is not one line of ASCII: it goes into the head of a request")
    return text


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
        raise ValueError(
            f"{value!r} is no SHA-256 in hex; say for example: "
            '"ef1955ae757c8b966c83248350331bd3a30f658ced11f387f8ebf05ab3368629", as sha256sum prints it'
        )
    return value.lower()


def _pace(value: object) -> object:
    return parse_pace(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration), BeforeValidator(_not_a_number)]
#: A pause between two tries: one of no length would be a loop without rest.
Pause = Annotated[Duration, AfterValidator(_positive)]
#: So many in so long.
Rate = Annotated[Pace, BeforeValidator(_pace)]
Country = Annotated[str, AfterValidator(_country)]
Port = Annotated[int, Field(ge=1, le=65535)]
Listen = Annotated[str, AfterValidator(_listen)]
Nameserver = Annotated[str, AfterValidator(_nameserver)]
PublicUrl = Annotated[str, AfterValidator(_base("https://ntd.hotline.example"))]
Endpoint = Annotated[str, AfterValidator(_base("https://exchange.hotline.example/api/v1/exchange"))]
FormUrl = Annotated[str, AfterValidator(_form)]
Registration = Annotated[str, AfterValidator(_registration)]
BootstrapUrl = Annotated[str, AfterValidator(_folder("https://data.iana.org/rdap/"))]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
Proxy = Annotated[str, AfterValidator(_proxy)]
Mailbox = Annotated[str, AfterValidator(_mailbox)]
ReturnPath = Annotated[str, AfterValidator(_return_path)]
Sender = Annotated[str, AfterValidator(_sender)]
Domain = Annotated[str, AfterValidator(_domain)]
Quiet = Annotated[str, AfterValidator(_quiet)]
Sha256 = Annotated[str, AfterValidator(_sha256)]
HeaderText = Annotated[str, AfterValidator(_header_text)]
Canary = Annotated[str, AfterValidator(_canary)]
CanaryName = Annotated[str, AfterValidator(_canary_name)]
Match = Annotated[str, AfterValidator(_match)]
#: A path that may be left empty.
OptionalPath = Annotated[Path | None, BeforeValidator(_none_if_empty)]
