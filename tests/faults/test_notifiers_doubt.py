"""What is lost where: a message is in doubt only where it may have been taken, and never otherwise."""

import asyncio
from collections.abc import Callable

import pytest

from notifiers.post import Poster
from notifiers.smtp import Patience, Relay
from notifiers.webapi import HosterApi
from schemas.notice import AttemptOutcome, Channel, Delivery
from schemas.settings import Dns, Smtp
from tests.fakes.notifiers_http import DROP_AFTER_BODY, DROP_AT_ONCE, STALL_AFTER_BODY, FakeApi
from tests.fakes.notifiers_messages import envelope, nothing
from tests.fakes.notifiers_smtp import DROP, STALL, TAKE_AND_DROP, FakeRelay

PATIENCE = Patience(connect_s=0.15, command_s=0.15, content_s=0.15, quit_s=0.1, between_tries_s=0.0)


def way_to(relay: FakeRelay) -> Relay:
    """Make a way to a fake relay."""
    return Relay(Smtp(host="127.0.0.1", port=relay.port, tls="none"), "hotline.example", patience=PATIENCE)


@pytest.mark.parametrize("fault", [DROP, STALL])
@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        ("GREETING", AttemptOutcome.TEMPORARY),
        ("EHLO", AttemptOutcome.TEMPORARY),
        ("MAIL", AttemptOutcome.TEMPORARY),
        ("RCPT", AttemptOutcome.TEMPORARY),
        ("DATA", AttemptOutcome.TEMPORARY),
        ("CONTENT", AttemptOutcome.DOUBTFUL),
    ],
)
async def test_a_relay_that_falls_silent(step: str, outcome: AttemptOutcome, fault: str) -> None:
    """Before the content nothing can have been taken; after it, all can. The next mail has a fresh connection."""
    offers = 0

    async def offered() -> None:
        nonlocal offers
        offers += 1

    async with FakeRelay(script={step: fault}).running() as relay:
        way = way_to(relay)
        lost = await way.deliver(envelope(), offered)
        relay.script.clear()
        taken = await way.deliver(envelope(), nothing)
        await way.aclose()

    assert (lost.outcome, lost.by) == (outcome, None)
    assert offers == (1 if step == "CONTENT" else 0)
    assert (taken.outcome, len(relay.mails)) == (AttemptOutcome.ACCEPTED, 1)


@pytest.mark.parametrize(("fault", "kept"), [("DROP_INSIDE", 0), (TAKE_AND_DROP, 1)])
async def test_both_sides_of_the_final_dot_look_alike(fault: str, kept: int) -> None:
    """Whether the relay dropped inside the content or after it took it, we cannot know: doubt (RFC 1047)."""
    content = b"Subject: x\r\n\r\n" + b"line of text\r\n" * 2000
    async with FakeRelay(script={"CONTENT": fault}).running() as relay:
        delivery = await way_to(relay).deliver(envelope(content), nothing)

    assert delivery.outcome is AttemptOutcome.DOUBTFUL
    assert len(relay.mails) == kept


@pytest.mark.parametrize("step", ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "CONTENT"])
async def test_a_cancelled_mail_leaves_no_connection_behind(step: str) -> None:
    """Stopping the daemon inside an attempt closes the connection and frees its place for others."""
    relay = FakeRelay(script={step: STALL})
    async with relay.running():
        patient = Patience(connect_s=9, command_s=9, content_s=9, quit_s=0.1, between_tries_s=0)
        smtp = Smtp(host="127.0.0.1", port=relay.port, tls="none")
        way = Relay(smtp, "hotline.example", patience=patient, connections=1)
        attempt = asyncio.create_task(way.deliver(envelope(), nothing))
        await until(lambda: relay.seen[step] == 1)
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        relay.script.clear()
        after = await way.deliver(envelope(), nothing)
        await way.aclose()

    assert (after.outcome, len(relay.mails)) == (AttemptOutcome.ACCEPTED, 1)


async def until(true: Callable[[], bool]) -> None:
    """Let the loop run until something has happened; two seconds at most."""
    async with asyncio.timeout(2):
        turn = asyncio.get_running_loop()
        while not true():
            passed = turn.create_future()
            turn.call_soon(passed.set_result, None)
            await passed


async def posted(api: FakeApi, *, patience_s: float = 0.3) -> tuple[Delivery, int]:
    """Post one report; say what came of it, and how often the content was about to go."""
    offers = 0

    async def offered() -> None:
        nonlocal offers
        offers += 1

    async with Poster.open(Dns(), "ntd/test", patience_s=patience_s) as poster:
        out = envelope(b"{}", channel=Channel.API, to=api.base)
        return await HosterApi(poster, []).deliver(out, offered), offers


async def test_an_api_that_nobody_serves() -> None:
    """A connection that was refused is temporary, and the content was never about to go."""
    async with FakeApi().running() as api:
        pass

    delivery, offers = await posted(api)

    assert (delivery.outcome, offers) == (AttemptOutcome.TEMPORARY, 0)


@pytest.mark.parametrize("fault", [DROP_AFTER_BODY, STALL_AFTER_BODY, b"nonsense\r\n\r\n", b"HTTP/1.1 2"])
async def test_an_api_that_falls_silent_after_the_body(fault: bytes | str) -> None:
    """Once the body has gone, silence, a broken connection and gibberish are doubt."""
    async with FakeApi(answer=fault).running() as api:
        delivery, offers = await posted(api)

    assert (delivery.outcome, offers, len(api.requests)) == (AttemptOutcome.DOUBTFUL, 1, 1)


async def test_an_api_that_closes_at_once_is_never_tried_twice_in_one_attempt() -> None:
    """A POST is made once per attempt; whether the content had begun to go decides between temporary and doubt."""
    async with FakeApi(answer=DROP_AT_ONCE).running() as api:
        delivery, offers = await posted(api)

    assert offers <= 1
    assert delivery.outcome is (AttemptOutcome.DOUBTFUL if offers else AttemptOutcome.TEMPORARY)
    assert api.requests == []


async def test_a_failing_record_is_raised_and_nothing_is_posted() -> None:
    """A fault of our own record-keeping is ours: it is raised as it was, and the API gets no content."""

    async def broken() -> None:
        raise KeyError("database")

    async with FakeApi().running() as api, Poster.open(Dns(), "ntd/test", patience_s=1) as poster:
        with pytest.raises(KeyError):
            await HosterApi(poster, []).deliver(envelope(b"{}", channel=Channel.API, to=api.base), broken)

    assert api.requests == []
