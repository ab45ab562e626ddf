"""How many notices a second are rendered, and handed to a relay that only listens.

    python benchmarks/notices.py [NOTICES] [ITEMS]

Both figures stand beside their base: notices of so many items each, over so many connections, on this machine, the
relay in a process of its own.
"""

import asyncio
import multiprocessing
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from notifiers.compose import compose
from notifiers.smtp import Relay
from schemas.ids import ItemId, NoticeId, uuid7
from schemas.item import Classification
from schemas.notice import AttemptOutcome, Channel, Envelope, Format, Kind, Message, NoticeLine, Sender
from schemas.settings import Smtp

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
CONNECTIONS = 4
SENDER = Sender(
    name="Example Hotline",
    country="NL",
    domain="hotline.example",
    contact_email="notices@hotline.example",
    mail_from="Example Hotline <notices@hotline.example>",
    public_url="https://ntd.hotline.example",
)


def line(number: int) -> NoticeLine:
    """Make one confirmed item."""
    return NoticeLine(
        item=ItemId(uuid7(NOW)),
        url=f"https://img.site.test/i/{number:08}.jpg",
        confirmed=True,
        classification=Classification.BASELINE,
        media="image",
        last_up_at=NOW,
        address=ip_address("192.0.2.7"),
        country="NL",
        asn=64501,
        as_name="Example Hosting",
        hoster="Example Hosting",
    )


def notice(items: int) -> Message:
    """Make one first notice in Dutch and English."""
    return Message(
        id=NoticeId(uuid7(NOW)),
        kind=Kind.FIRST,
        to="abuse@hoster.test",
        channel=Channel.MAIL,
        format=Format.DIGEST,
        language="nl",
        sender=SENDER,
        lines=tuple(map(line, range(items))),
        written_at=NOW,
        deadline=NOW + timedelta(days=1),
        answer_link="https://ntd.hotline.example/h/0123456789abcdef0123456789abcdef",
    )


class Listener(asyncio.Protocol):
    """The least that a relay can do: say yes to everything, at the end of each command and of each content."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        # A transport of uvloop is no subclass of asyncio's.
        self.transport, self.buffer, self.in_content = cast("asyncio.Transport", transport), b"", False
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole command."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n.\r\n" if self.in_content else b"\r\n")) >= 0:
            command, self.buffer = self.buffer[:4], self.buffer[end + (5 if self.in_content else 2) :]
            starts = not self.in_content and command == b"DATA"
            self.in_content = starts
            self.transport.write(b"354 go\r\n" if starts else b"250 ok\r\n")


def listen(pipe: Connection) -> None:
    """Serve until the parent ends this process."""

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Listener, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(serve())


async def deliver(port: int, envelopes: list[Envelope]) -> float:
    """Hand all of them over; give the seconds it took."""

    async def nothing() -> None: ...

    async with Relay.open(Smtp(host="127.0.0.1", port=port, tls="none"), "hotline.example") as relay:
        began = time.perf_counter()
        deliveries = await asyncio.gather(*(relay.deliver(each, nothing) for each in envelopes))
        took = time.perf_counter() - began
    assert {each.outcome for each in deliveries} == {AttemptOutcome.ACCEPTED}
    return took


def main(notices: int, items: int) -> None:
    """Measure and print."""
    told = [replace(notice(items), language="nl") for _ in range(notices)]
    compose(told[0])
    began = time.perf_counter()
    rendered = [compose(each) for each in told]
    took = time.perf_counter() - began
    size = sum(len(each.content) for each in rendered) // notices
    print(f"rendered:  {notices / took:8.0f} notices/s ({items} items, {size} bytes each; {notices} notices)")
    envelopes = [
        Envelope(
            notice=each.id,
            kind=each.kind,
            channel=each.channel,
            to=each.to,
            mail_from="notices@hotline.example",
            message_id=mail.message_id,
            content=mail.content,
        )
        for each, mail in zip(told, rendered, strict=True)
    ]
    here, there = multiprocessing.Pipe()
    sink = multiprocessing.Process(target=listen, args=(there,), daemon=True)
    sink.start()
    try:
        took = uvloop.run(deliver(here.recv(), envelopes))
    finally:
        sink.terminate()
    print(f"delivered: {notices / took:8.0f} notices/s (to a local sink, {CONNECTIONS} connections; {notices} notices)")


if __name__ == "__main__":
    main(*(int(each) for each in [*sys.argv[1:], "1000", "10"][:2]))
