"""Made-up messages that hold the hardest that can stand in one: to prove layouts and words, and to show them.

Everything in them lives under `.test`, `.example` and documentation addresses.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final
from uuid import UUID

from schemas.ids import ItemId, NoticeId
from schemas.item import Basis, Classification
from schemas.notice import Channel, Format, Kind, Message, NoticeLine, Sender

#: Line ends of every kind, quotes, directions, markup, what looks like a template, and longer than any name.
HARD_NAME: Final = (
    'Hoster "O\'Brien" <&>\r\nX-Header: no\u2028\u202eمضيف\u202c 主机 {{ sender }} {% raw %} =1+1 ' + "x" * 300
)
HARD_SENTENCE: Final = (
    'In the "second" picture\r\n.\r\nFrom here on: המילה שנייה, слово, {{ deadline }}; 100 % certain.'
)
#: An internationalised host, a right-to-left path, a very long one, an address in the URL, an onion service.
HARD_URLS: Final = (
    "https://xn--bcher-kva.example/%D8%B5%D9%88%D8%B1%D8%A9/%22quoted%22?a='b'&c=%0D%0A&d={{x}}",
    "https://img.site.test/" + "very-long-part/" * 260 + "end.jpg",
    "http://[2001:db8::7]:8080/i/1.jpg",
    f"http://{'a' * 56}.onion/board/thread?page=2#not-there".partition("#")[0],
    "https://img.site.test/i/--=_ntd_boundary/=3D/.%0A./From%20me.jpg",
)
_DAY = timedelta(days=1)


def samples(kind: Kind, language: str, sender: Sender, now: datetime) -> tuple[Message, ...]:
    """Make messages of one kind: of everything at once, of one presumed item, and where fitting to a partner."""
    everything = _message(kind, language, sender, hard_lines(now), now)
    presumed = replace(everything, lines=everything.lines[2:3], hoster=None, deadline=None, answer_link=None)
    found = [everything, presumed]
    if kind in {Kind.FORWARD, Kind.REMINDER}:
        found.append(replace(everything, partner="md-hotline", to="desk@partner.example", recipient_name=HARD_NAME))
    return tuple(found)


def shown(
    kind: Kind, language: str, sender: Sender, lines: Sequence[NoticeLine], now: datetime, deadline: datetime
) -> Message:
    """Make a message of these items as it would be written now, for whoever wants to read one."""
    hosters = {line.hoster for line in lines}
    message = _message(kind, language, sender, tuple(lines), now)
    return replace(
        message,
        deadline=message.deadline and deadline,
        hoster=hosters.pop() if len(hosters) == 1 else None,
        recipient_country=None,
    )


def plain_lines(now: datetime) -> tuple[NoticeLine, ...]:
    """Make two ordinary items, a confirmed and a presumed one."""
    first = _line(1, "https://img.site.test/i/1.jpg", now)
    return (first, replace(_line(2, "https://cloud.site.test/s/2", now), confirmed=False, classification=None))


def hard_lines(now: datetime) -> tuple[NoticeLine, ...]:
    """Make items of every sort, with the hardest URLs and texts."""
    one, two, three, four, five = (_line(number, url, now) for number, url in enumerate(HARD_URLS, 1))
    return (
        replace(one, returned=True, hoster=HARD_NAME, as_name=HARD_NAME, front=HARD_NAME, reason=HARD_SENTENCE),
        replace(two, basis=Basis.NCII, classification=None, reason=HARD_SENTENCE, hashes={}),
        replace(three, confirmed=False, classification=None, last_up_at=None, access=HARD_SENTENCE),
        replace(four, classification=Classification.NATIONAL, address=None, asn=None, as_name=None, country=None),
        replace(five, basis=Basis.OTHER, classification=None, reference=HARD_NAME, series=HARD_NAME, orphan=True),
    )


def _line(number: int, url: str, now: datetime) -> NoticeLine:
    return NoticeLine(
        item=ItemId(UUID(int=(0x01A20000 << 96) + (7 << 76) + (2 << 62) + number)),
        url=url,
        confirmed=True,
        classification=Classification.BASELINE,
        media="image",
        hashes={"sha256": "ab" * 32},
        last_up_at=now - timedelta(minutes=9),
        address=ip_address("192.0.2.7"),
        country="NL",
        asn=64501,
        as_name="Example Hosting",
        hoster="Example Hosting",
    )


def _message(kind: Kind, language: str, sender: Sender, lines: tuple[NoticeLine, ...], now: datetime) -> Message:
    return Message(
        id=NoticeId(UUID(int=(0x01A20000 << 96) + (7 << 76) + (2 << 62))),
        kind=kind,
        to="abuse@hoster.example",
        channel=Channel.MAIL,
        format=Format.DIGEST,
        language=language,
        sender=sender,
        lines=lines,
        written_at=now,
        deadline=None if kind in {Kind.WITHDRAWAL, Kind.POLICE} else now + _DAY,
        hoster=HARD_NAME,
        answer_link=f"{sender.public_url}/h/{'A' * 22}",
        earlier_first_at=now - _DAY,
        recipient_country="NL",
        references=("<earlier@hotline.example>",) if kind is Kind.REMINDER else (),
    )
