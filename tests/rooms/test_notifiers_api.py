"""Handing documents to the APIs of hosters and partners, and the way each envelope takes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from ssl import Purpose, create_default_context
from typing import Any

import orjson
import pytest
import trustme

from notifiers.compose import compose
from notifiers.exchange import UNNAMED
from notifiers.registry import Dispatcher
from schemas.notice import AttemptOutcome, Channel, Envelope, Kind, Took
from schemas.settings import Settings
from tests.fakes.geo_dns import serving
from tests.fakes.notifiers_http import FakeApi, response
from tests.fakes.notifiers_messages import NOW, envelope, line, message, nothing, report


@asynccontextmanager
async def dispatcher(**tables: Any) -> AsyncIterator[Dispatcher]:
    """Open a dispatcher for a configuration."""
    async with Dispatcher.open(Settings.model_validate(tables), lambda: NOW) as out:
        yield out


def forward(*numbers: int) -> Envelope:
    """Make a forward of some items on its way to the partner `md-hotline`."""
    out = message(*map(line, numbers), kind=Kind.FORWARD, channel=Channel.API, to="md-hotline", recipient_country="MD")
    return envelope(compose(out).content, notice=out.id, kind=Kind.FORWARD, channel=Channel.API, to="md-hotline")


def partner(api: FakeApi, **more: object) -> dict[str, object]:
    """Configure that partner."""
    return {"code": "md-hotline", "countries": ["MD"], "api": api.base, "token": "secret-md", **more}


async def test_a_report_is_posted_with_key_and_token() -> None:
    """A hoster's API gets one XARF document, the notice's id as key, and the token of its rule."""
    async with FakeApi().running() as api:
        rule = {"match": "as64501", "api": api.base + "/", "token": "secret"}
        async with dispatcher(hoster=[rule]) as out:
            delivery = await out.deliver(sent := report(api.base), before_offer=nothing)

    assert (delivery.outcome, delivery.by, delivery.reply) == (AttemptOutcome.ACCEPTED, Took.API, "202 {}")
    (request,) = api.requests
    assert request.line == "POST /v1/reports HTTP/1.1"
    assert request.body == sent.content
    assert request.headers["idempotency-key"] == str(sent.notice)
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in request.headers


async def test_a_hoster_hears_of_a_withdrawal_beside_the_reports() -> None:
    """One document of item ids, with the key and the token of every post; nobody takes it for a report."""
    async with FakeApi().running() as api:
        rule = {"match": "as64501", "api": api.base, "token": "secret"}
        told = message(line(1), line(2), kind=Kind.WITHDRAWAL, channel=Channel.API, to=api.base)
        sent = envelope(compose(told).content, notice=told.id, kind=Kind.WITHDRAWAL, channel=Channel.API, to=api.base)
        async with dispatcher(hoster=[rule]) as out:
            delivery = await out.deliver(sent, before_offer=nothing)

    (request,) = api.requests
    assert (delivery.outcome, delivery.by) == (AttemptOutcome.ACCEPTED, Took.API)
    assert request.line == "POST /v1/withdrawals HTTP/1.1"
    assert request.headers["idempotency-key"] == str(told.id)
    assert request.headers["authorization"] == "Bearer secret"
    assert [one["item"] for one in orjson.loads(request.body)["items"]] == [str(each.item) for each in told.lines]
    assert b"://" not in request.body.replace(api.base.encode(), b"")


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "retry_after"),
    [
        (200, {}, AttemptOutcome.ACCEPTED, None),
        (204, {}, AttemptOutcome.ACCEPTED, None),
        (301, {"Location": "http://127.0.0.1:9/"}, AttemptOutcome.PERMANENT, None),
        (307, {"Location": "/elsewhere"}, AttemptOutcome.PERMANENT, None),
        (400, {}, AttemptOutcome.PERMANENT, None),
        (401, {}, AttemptOutcome.PERMANENT, None),
        (422, {"Retry_After": "5"}, AttemptOutcome.PERMANENT, None),
        (429, {}, AttemptOutcome.TEMPORARY, None),
        (429, {"Retry_After": "120"}, AttemptOutcome.TEMPORARY, timedelta(seconds=120)),
        (
            503,
            {"Retry_After": "Sat, 21 Nov 2026 14:06:30 GMT", "Date": "Sat, 21 Nov 2026 14:05:00 GMT"},
            AttemptOutcome.TEMPORARY,
            timedelta(seconds=90),
        ),
        (503, {"Retry_After": "soon"}, AttemptOutcome.TEMPORARY, None),
        (500, {}, AttemptOutcome.TEMPORARY, None),
    ],
)
async def test_each_status(
    status: int, headers: dict[str, str], outcome: AttemptOutcome, retry_after: timedelta | None
) -> None:
    """2xx is accepted, 429 and 5xx temporary with the other side's wish, all else permanent, redirects too."""
    async with FakeApi(answer=response(status, b"", **headers)).running() as api, dispatcher() as out:
        delivery = await out.deliver(report(api.base), before_offer=nothing)

    assert (delivery.outcome, delivery.retry_after) == (outcome, retry_after)
    assert delivery.reply == str(status)
    assert len(api.requests) == 1


async def test_an_answer_without_end_is_not_read_to_the_end() -> None:
    """Of an answer one mebibyte is read and 2,000 characters are kept; the status has said what counts."""
    flood = response(200, b"x" * 2_000_000)
    async with FakeApi(answer=flood).running() as api, dispatcher() as out:
        unread = await out.deliver(report(api.base), before_offer=nothing)
        api.answer = response(200, b"x" * 1_048_576)
        read = await out.deliver(report(api.base), before_offer=nothing)

    assert (unread.outcome, unread.reply) == (AttemptOutcome.ACCEPTED, "200 (no readable words)")
    assert (read.outcome, len(read.reply)) == (AttemptOutcome.ACCEPTED, 2000)


async def test_a_forward_and_what_the_partner_refuses() -> None:
    """A forward goes to the partner's API with its token; what it refuses or leaves out comes back, with reasons."""
    sent = forward(1, 2, 3)
    items = [line(number).item for number in (1, 2, 3)]
    said = {
        "id": "F-1",
        "accepted": [str(items[0])],
        "refused": [
            {"item": str(items[1]), "reason": "not_illegal"},
            {"item": "01a1fe6c-b6e0-7404-8101-ffffffffffff", "reason": "never asked"},
        ],
    }
    answer = response(202, orjson.dumps(said))
    async with FakeApi(answer=answer).running() as api, dispatcher(partner=[partner(api)]) as out:
        delivery = await out.deliver(sent, before_offer=nothing)

    assert (delivery.outcome, delivery.by, delivery.remote_id) == (AttemptOutcome.ACCEPTED, Took.API, "F-1")
    assert delivery.refused == ((items[1], "not_illegal"), (items[2], UNNAMED))
    (request,) = api.requests
    assert request.line == "POST /v1/forwards HTTP/1.1"
    assert (request.headers["authorization"], request.body) == ("Bearer secret-md", sent.content)
    assert request.headers["idempotency-key"] == str(sent.notice)


@pytest.mark.parametrize("body", [b"", b"OK", b"[]", b'{"refused": "none"}', b'{"refused": [7, {"item": "x"}]}'])
async def test_words_not_agreed_take_no_acceptance_back(body: bytes) -> None:
    """A partner that accepted with a body of its own making has accepted, and the reply says so."""
    async with FakeApi(answer=response(200, body)).running() as api, dispatcher(partner=[partner(api)]) as out:
        delivery = await out.deliver(forward(1), before_offer=nothing)

    assert (delivery.outcome, delivery.refused) == (AttemptOutcome.ACCEPTED, ())
    assert "not what was agreed" in delivery.reply


async def test_a_partner_that_is_no_longer_configured() -> None:
    """A forward to a partner without an API is a permanent fault that names the remedy."""
    async with dispatcher() as out:
        delivery = await out.deliver(forward(1), before_offer=nothing)

    assert (delivery.outcome, delivery.no_way) == (AttemptOutcome.PERMANENT, True)
    assert "[[partner]]" in delivery.reply


@pytest.mark.parametrize("status", [400, 401, 404, 405, 410, 422])
async def test_an_api_without_a_path_for_withdrawals_has_refused_nothing(status: int) -> None:
    """Neither a hoster's nor a partner's must have one; of reports and forwards the same status is a refusal."""
    came = []
    async with FakeApi(answer=response(status)).running() as api:
        hotline, hoster = {"partner": [partner(api)]}, {"hoster": [{"match": "as64501", "api": api.base}]}
        for kind, to, known in (
            (Kind.WITHDRAWAL, "md-hotline", hotline),
            (Kind.WITHDRAWAL, api.base, hoster),
            (Kind.FORWARD, "md-hotline", hotline),
            (Kind.FIRST, api.base, hoster),
        ):
            told = message(kind=kind, channel=Channel.API, to=to, partner="md-hotline" if known is hotline else None)
            sent = envelope(compose(told).content, kind=kind, channel=Channel.API, to=to)
            async with dispatcher(**known) as out:
                came.append(await out.deliver(sent, before_offer=nothing))

    assert {one.outcome for one in came} == {AttemptOutcome.PERMANENT}
    assert [one.no_way for one in came] == [status in {404, 405, 410}] * 2 + [False] * 2


async def test_a_reminder_to_a_partner_goes_to_the_partner() -> None:
    """What is addressed by a code is a partner's, whatever its kind; a withdrawal has a path of its own."""
    async with FakeApi().running() as api, dispatcher(partner=[partner(api)]) as out:
        for kind in (Kind.REMINDER, Kind.WITHDRAWAL):
            told = message(kind=kind, channel=Channel.API, to="md-hotline", partner="md-hotline")
            content = compose(told).content
            await out.deliver(envelope(content, kind=kind, channel=Channel.API, to="md-hotline"), before_offer=nothing)

    assert [request.line.split()[1] for request in api.requests] == ["/v1/forwards", "/v1/withdrawals"]
    assert b"img.site.test" not in api.requests[1].body


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Make an authority that no system trusts."""
    return trustme.CA()


async def test_a_partner_with_an_authority_of_its_own(tmp_path: Path, authority: trustme.CA) -> None:
    """`ca_file` is trusted for its partner; without it the same certificate stops the forward, unsent."""
    server = create_default_context(Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with FakeApi(tls=server).running() as api:
        async with dispatcher(partner=[partner(api, ca_file=tmp_path / "ca.pem")]) as out:
            taken = await out.deliver(forward(1), before_offer=nothing)
        async with dispatcher(partner=[partner(api)]) as out:
            stopped = await out.deliver(forward(1), before_offer=nothing)

    assert taken.outcome is AttemptOutcome.ACCEPTED
    assert (stopped.outcome, len(api.requests)) == (AttemptOutcome.TEMPORARY, 1)


async def test_names_of_apis_are_asked_of_the_configured_resolvers() -> None:
    """A name that only the configured resolver knows is reached; one that nobody knows is a temporary fault."""
    table = {"api.hoster.test": {"A": ["127.0.0.1"]}}
    async with (
        FakeApi().running() as api,
        serving(table) as names,
        dispatcher(dns={"nameservers": [f"127.0.0.1:{names.port}"]}) as out,
    ):
        told = [replace(report(api.base), to=f"http://{host}.hoster.test:{api.port}/v1") for host in ("api", "no")]
        known, unknown = [await out.deliver(each, before_offer=nothing) for each in told]

    assert (known.outcome, len(api.requests)) == (AttemptOutcome.ACCEPTED, 1)
    assert unknown.outcome is AttemptOutcome.TEMPORARY


@pytest.mark.parametrize("channel", [Channel.FORM, Channel.EXCHANGE])
async def test_what_others_fetch_is_not_sent(channel: Channel) -> None:
    """A web form is filled in by a human, an exchange is read by the partner: nothing leaves, nothing fails."""
    async with dispatcher() as out:
        delivery = await out.deliver(envelope(channel=channel, to="x"), before_offer=nothing)

    assert (delivery.outcome, delivery.by) == (AttemptOutcome.TEMPORARY, None)


async def test_a_dry_run_writes_every_message_and_sends_none(tmp_path: Path) -> None:
    """In a dry run mails become ID.eml with their return path, documents ID.json; both count as accepted by nobody."""
    async with FakeApi().running() as api:
        tables = {"partner": [partner(api)], "notices": {"dry_run": True, "folder": tmp_path / "out" / "box"}}
        async with dispatcher(**tables) as out:
            told = [forward(1), envelope(compose(message()).content, notice=message().id)]
            deliveries = [await out.deliver(each, before_offer=nothing) for each in told]

    box = tmp_path / "out" / "box"
    assert [(each.outcome, each.by) for each in deliveries] == [(AttemptOutcome.ACCEPTED, None)] * 2
    assert sorted(path.name for path in box.iterdir()) == sorted([f"{told[0].notice}.json", f"{told[1].notice}.eml"])
    assert (box / f"{told[0].notice}.json").read_bytes() == told[0].content
    mail = (box / f"{told[1].notice}.eml").read_bytes()
    assert mail == b"Return-Path: <notices@hotline.example>\r\n" + told[1].content
    assert {path.stat().st_mode & 0o777 for path in box.iterdir()} == {0o600}
    assert api.requests == []


async def test_a_folder_that_cannot_be_written_is_temporary(tmp_path: Path) -> None:
    """A folder that is a file, or full, keeps the message waiting."""
    (tmp_path / "box").write_text("not a folder")
    async with dispatcher(notices={"dry_run": True, "folder": tmp_path / "box"}) as out:
        delivery = await out.deliver(envelope(), before_offer=nothing)

    assert delivery.outcome is AttemptOutcome.TEMPORARY
    assert "notices.folder" in delivery.reply
