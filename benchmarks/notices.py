"""How many notices a second are rendered, and handed to a relay that only listens.

    python benchmarks/notices.py [NOTICES] [ITEMS]

Both figures stand beside their base: notices of so many items each, over so many connections, on this machine, the
relay in a process of its own.
"""

import asyncio
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

import uvloop

sys.path.insert(0, str(Path(__file__).parents[1]))
from notifiers.compose import compose
from notifiers.smtp import Relay
from schemas.ids import ItemId, NoticeId, uuid7
from schemas.notice import AttemptOutcome, Envelope, Message
from schemas.settings import Smtp
from tests.fakes.notifiers_messages import NOW, envelope, line, message, nothing

CONNECTIONS = 4


def notice(items: int) -> Message:
    """Make one first notice in Dutch and English."""
    # Each item with an id of its own, made at random as in life.
    return message(
        *(line(number, item=ItemId(uuid7(NOW))) for number in range(items)), id=NoticeId(uuid7(NOW)), language="nl"
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
    async with Relay.open(Smtp(host="127.0.0.1", port=port, tls="none"), "hotline.example") as relay:
        began = time.perf_counter()
        deliveries = await asyncio.gather(*(relay.deliver(each, nothing) for each in envelopes))
        took = time.perf_counter() - began
    assert {each.outcome for each in deliveries} == {AttemptOutcome.ACCEPTED}
    return took


def main(notices: int, items: int) -> None:
    """Measure and print."""
    told = [notice(items) for _ in range(notices)]
    compose(told[0])
    began = time.perf_counter()
    rendered = [compose(each) for each in told]
    took = time.perf_counter() - began
    size = sum(len(each.content) for each in rendered) // notices
    print(f"rendered:  {notices / took:8.0f} notices/s ({items} items, {size} bytes each; {notices} notices)")
    envelopes = [
        envelope(mail.content, notice=each.id, message_id=mail.message_id)
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
