"""Handing a mail to a relay: what each answer means, how connections are used, and when TLS is demanded."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiosmtpd.smtp
import pytest
import trustme

from notifiers.compose import compose
from notifiers.smtp import Patience, Relay
from schemas.notice import AttemptOutcome, Took
from schemas.settings import Smtp
from tests.fakes.notifiers_messages import envelope, message, nothing
from tests.fakes.notifiers_smtp import DROP, FakeRelay

PATIENCE = Patience(connect_s=0.5, command_s=0.5, content_s=0.5, quit_s=0.2, between_tries_s=0.0)


@asynccontextmanager
async def way_to(relay: FakeRelay, **changes: object) -> AsyncIterator[Relay]:
    """Open a way to a fake relay."""
    facts: dict[str, object] = {"host": "127.0.0.1", "port": relay.port, "tls": "none"}
    tls = changes.pop("context", None)
    patience = changes.pop("patience", PATIENCE)
    connections = changes.pop("connections", 4)
    way = Relay(
        Smtp.model_validate(facts | changes),
        "hotline.example",
        connections=connections,  # type: ignore[arg-type]
        patience=patience,  # type: ignore[arg-type]
        tls=tls,  # type: ignore[arg-type]
    )
    try:
        yield way
    finally:
        await way.aclose()


async def test_the_relay_gets_the_exact_bytes() -> None:
    """What arrives is what was rendered, byte for byte, dots at the beginning of lines included."""
    rendered = compose(message())
    content = rendered.content + b".\r\n..\r\n.x\r\n"
    async with FakeRelay().running() as relay, way_to(relay) as way:
        delivery = await way.deliver(envelope(content), nothing)

    assert [mail for _, _, mail in relay.mails] == [content]
    assert (delivery.outcome, delivery.by) == (AttemptOutcome.ACCEPTED, Took.RELAY)
    assert delivery.reply == "250 queued as 12345"
    assert relay.commands[1:3] == [
        f"MAIL FROM:<notices@hotline.example> SIZE={len(content)}",
        "RCPT TO:<abuse@hoster.test>",
    ]


@pytest.mark.parametrize(
    ("step", "answer", "outcome"),
    [
        ("GREETING", "421 too busy", AttemptOutcome.TEMPORARY),
        ("GREETING", "554 no service for you", AttemptOutcome.TEMPORARY),
        ("MAIL", "451 later", AttemptOutcome.TEMPORARY),
        ("MAIL", "421 closing", AttemptOutcome.TEMPORARY),
        ("MAIL", "530 use TLS first", AttemptOutcome.TEMPORARY),
        ("MAIL", "553 sender refused", AttemptOutcome.PERMANENT),
        ("RCPT", "450 greylisted", AttemptOutcome.TEMPORARY),
        ("RCPT", "550 no such mailbox", AttemptOutcome.PERMANENT),
        ("RCPT", "nonsense", AttemptOutcome.TEMPORARY),
        ("DATA", "451 not now", AttemptOutcome.TEMPORARY),
        ("DATA", "554 no valid recipients", AttemptOutcome.PERMANENT),
        ("DATA", "250 what", AttemptOutcome.TEMPORARY),
        ("CONTENT", "452 disk full", AttemptOutcome.TEMPORARY),
        ("CONTENT", "421 going down", AttemptOutcome.TEMPORARY),
        ("CONTENT", "554 refused by policy", AttemptOutcome.PERMANENT),
        ("CONTENT", "nonsense", AttemptOutcome.DOUBTFUL),
    ],
)
async def test_each_answer_at_each_step(step: str, answer: str, outcome: AttemptOutcome) -> None:
    """4xx is temporary, 5xx of the message permanent, of the connection temporary; gibberish after the end is doubt."""
    async with FakeRelay(script={step: answer}).running() as relay, way_to(relay) as way:
        delivery = await way.deliver(envelope(), nothing)

    assert (delivery.outcome, delivery.by) == (outcome, None)
    assert answer.rsplit(maxsplit=1)[-1] in delivery.reply
    assert relay.mails == []


async def test_before_offer_comes_after_the_go_ahead_and_before_the_content() -> None:
    """The moment before the message can be taken is recorded exactly then, and only if it comes."""
    async with FakeRelay().running() as relay, way_to(relay) as way:
        seen: list[tuple[str, int]] = []

        async def record() -> None:
            seen.append((relay.commands[-1], len(relay.mails)))

        await way.deliver(envelope(), record)
        relay.script["RCPT"] = "550 no"
        await way.deliver(envelope(), record)

    assert seen == [("DATA", 0)]


async def test_a_failing_record_is_raised_and_nothing_is_sent() -> None:
    """A fault of our own record-keeping is ours: the relay gets no content."""

    async def broken() -> None:
        raise KeyError("database")

    async with FakeRelay().running() as relay, way_to(relay) as way:
        with pytest.raises(KeyError):
            await way.deliver(envelope(), broken)

    assert relay.mails == []


async def test_one_connection_serves_many_mails() -> None:
    """Mails one after another share a connection, up to the number one connection is used for."""
    patience = replace(PATIENCE, messages=5)
    async with FakeRelay().running() as relay, way_to(relay, patience=patience) as way:
        outcomes = [(await way.deliver(envelope(), nothing)).outcome for _ in range(11)]

    assert outcomes == [AttemptOutcome.ACCEPTED] * 11
    assert relay.connections == 3


async def test_connections_at_once_are_bounded() -> None:
    """More mails than connections wait for a connection."""
    relay = FakeRelay(hold=asyncio.Event())
    async with relay.running(), way_to(relay, connections=3, patience=replace(PATIENCE, content_s=5)) as way:
        mails = [asyncio.create_task(way.deliver(envelope(), nothing)) for _ in range(9)]
        for _ in range(3):
            await relay.held.get()
        assert relay.hold is not None
        relay.hold.set()
        outcomes = {(await mail).outcome for mail in mails}

    assert outcomes == {AttemptOutcome.ACCEPTED}
    assert (relay.most_at_once, len(relay.mails)) == (3, 9)


@pytest.mark.parametrize("staleness", [DROP, "421 idle too long", "502 what"])
async def test_a_stale_connection_costs_a_new_one_and_no_doubt(staleness: str) -> None:
    """A reused connection is tried with RSET; one that is of no use any more is replaced before the mail begins."""
    async with FakeRelay(script={"RSET": staleness}).running() as relay, way_to(relay) as way:
        outcomes = [(await way.deliver(envelope(), nothing)).outcome for _ in range(3)]

    assert outcomes == [AttemptOutcome.ACCEPTED] * 3
    assert (relay.connections, len(relay.mails)) == (3, 3)


async def test_a_refused_connection_is_tried_twice_within_an_attempt() -> None:
    """A relay that drops us before its greeting gets one more try; one that answers does not."""
    async with FakeRelay(script={"GREETING": DROP}).running() as dropping, way_to(dropping) as way:
        dropped = await way.deliver(envelope(), nothing)
    async with FakeRelay(script={"GREETING": "554 no"}).running() as refusing, way_to(refusing) as way:
        refused = await way.deliver(envelope(), nothing)

    assert (dropped.outcome, dropping.connections) == (AttemptOutcome.TEMPORARY, 2)
    assert (refused.outcome, refusing.connections) == (AttemptOutcome.TEMPORARY, 1)


async def test_nobody_listens() -> None:
    """A relay that cannot be reached is a temporary fault."""
    async with FakeRelay().running() as relay:
        pass
    async with way_to(relay) as way:
        delivery = await way.deliver(envelope(), nothing)

    assert delivery.outcome is AttemptOutcome.TEMPORARY


async def test_starttls_is_demanded() -> None:
    """A relay that offers no STARTTLS gets no mail, and the reply says why."""
    async with FakeRelay().running() as relay, way_to(relay, tls="starttls") as way:
        delivery = await way.deliver(envelope(), nothing)

    assert delivery.outcome is AttemptOutcome.TEMPORARY
    assert "STARTTLS" in delivery.reply
    assert relay.seen["MAIL"] == 0


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_goes_over_verified_tls(tls: str) -> None:
    """With STARTTLS and with implicit TLS the mail arrives; an untrusted certificate stops it."""
    authority = trustme.CA()
    server, client, stranger = (aio_context(authority, role) for role in ("server", "client", "stranger"))
    script = {"EHLO": "250-relay.test\r\n250-AUTH PLAIN\r\n250 STARTTLS"}
    relay = FakeRelay(script=script, tls=server, implicit=tls == "implicit")
    async with relay.running():
        async with way_to(relay, tls=tls, context=client, username="us", password="secret") as way:
            taken = await way.deliver(envelope(), nothing)
        async with way_to(relay, tls=tls, context=stranger) as way:
            refused = await way.deliver(envelope(), nothing)

    assert (taken.outcome, len(relay.mails)) == (AttemptOutcome.ACCEPTED, 1)
    assert refused.outcome is AttemptOutcome.TEMPORARY
    assert relay.seen["AUTH"] == 1


def aio_context(authority: trustme.CA, role: str) -> ssl.SSLContext:
    """Make the context of a server, of a client that trusts it, and of one that does not."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH if role == "server" else ssl.Purpose.SERVER_AUTH)
    if role == "server":
        authority.issue_cert("127.0.0.1").configure_cert(context)
    elif role == "client":
        authority.configure_trust(context)
    return context


async def test_a_refused_sign_in_is_about_us_and_not_about_the_message() -> None:
    """A wrong password makes no notice fail: the operator can still put it right."""
    script = {"EHLO": "250-relay.test\r\n250 AUTH PLAIN", "AUTH": "535 wrong"}
    async with FakeRelay(script=script).running() as relay, way_to(relay, username="us", password="x") as way:
        delivery = await way.deliver(envelope(), nothing)

    assert delivery.outcome is AttemptOutcome.TEMPORARY
    assert delivery.reply == "535 wrong"


@pytest.mark.parametrize("to", ["nobody", "a b@hoster.test", "abuse@hoster.test>\r\nRCPT TO:<x@y.test", "", "@x.test"])
async def test_what_is_no_mailbox_is_never_dialled(to: str) -> None:
    """An address that is none, or that would be two commands, is refused before a connection is made."""
    async with FakeRelay().running() as relay, way_to(relay) as way:
        delivery = await way.deliver(envelope(to=to), nothing)

    assert (delivery.outcome, relay.connections) == (AttemptOutcome.PERMANENT, 0)


async def test_an_international_mailbox_needs_smtputf8() -> None:
    """A domain is written in ASCII; a local part that is not ASCII goes with SMTPUTF8 or not at all."""
    async with FakeRelay().running() as relay, way_to(relay) as way:
        domain = await way.deliver(envelope(to="abuse@bücher.test"), nothing)
        without = await way.deliver(envelope(to="möldung@hoster.test"), nothing)
    async with FakeRelay(script={"EHLO": "250-relay.test\r\n250 SMTPUTF8"}).running() as able, way_to(able) as way:
        with_it = await way.deliver(envelope(to="möldung@hoster.test"), nothing)

    assert domain.outcome is AttemptOutcome.ACCEPTED
    assert relay.mails[0][1] == "RCPT TO:<abuse@xn--bcher-kva.test>"
    assert without.outcome is AttemptOutcome.PERMANENT
    assert with_it.outcome is AttemptOutcome.ACCEPTED
    assert able.mails[0][:2] == (
        "MAIL FROM:<notices@hotline.example> BODY=8BITMIME SMTPUTF8",
        "RCPT TO:<möldung@hoster.test>",
    )


async def test_the_reply_is_bounded() -> None:
    """Of the other side's own words 2,000 characters are kept."""
    async with FakeRelay(script={"RCPT": "550 " + "x" * 5000}).running() as relay, way_to(relay) as way:
        delivery = await way.deliver(envelope(), nothing)

    assert len(delivery.reply) == 2000


class Mailbox:
    """Keeps what a real mail server was given."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: object, session: object, taken: aiosmtpd.smtp.Envelope) -> str:  # noqa: ARG002, N802 -- aiosmtpd's hook
        """Take a mail."""
        self.contents.append(taken.original_content or b"")
        return "250 OK"


async def test_a_real_mail_server_takes_it() -> None:
    """aiosmtpd, which checks commands strictly, takes a notice as it was rendered."""
    mailbox = Mailbox()
    rendered = compose(message(language="de"))
    server = await asyncio.get_running_loop().create_server(
        lambda: aiosmtpd.smtp.SMTP(mailbox, hostname="mx.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    relay = FakeRelay(port=server.sockets[0].getsockname()[1])
    async with server, way_to(relay) as way:
        delivery = await way.deliver(envelope(rendered.content), nothing)

    assert delivery.outcome is AttemptOutcome.ACCEPTED
    assert mailbox.contents == [rendered.content]
