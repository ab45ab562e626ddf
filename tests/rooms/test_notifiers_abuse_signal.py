"""Reports to the AWS Abuse Signal API: once, whatever became of the answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pydantic import ValidationError

from notifiers.registry import Dispatcher
from schemas.notice import AttemptOutcome, Delivery, Envelope, Kind, Took
from schemas.settings import HosterRule, Settings
from tests.fakes.notifiers_aws import KEY, FakeAws
from tests.fakes.notifiers_messages import NOW, nothing, report


@asynccontextmanager
async def dispatcher(aws: FakeAws, token: str = KEY) -> AsyncIterator[Dispatcher]:
    """Open a dispatcher for a hoster that is told there."""
    rule = {"match": "as64501", "api": aws.base, "protocol": "aws-abuse-signal", "region": "eu-west-2", "token": token}
    async with Dispatcher.open(Settings.model_validate({"hoster": [rule]}), lambda: NOW) as out:
        yield out


async def hand_over(out: Dispatcher, *tries: Envelope) -> list[Delivery]:
    """Try in turn."""
    return [await out.deliver(each, before_offer=nothing) for each in tries]


async def test_a_report_is_submitted_with_its_names() -> None:
    """Signed; the notice's id is both names; the XARF document is the one that every other hoster gets."""
    async with FakeAws(now=NOW).running() as aws, dispatcher(aws) as out:
        sent = report(aws.base)
        (delivery,) = await hand_over(out, sent)

    (taken,) = aws.reports
    assert (delivery.outcome, delivery.by, delivery.remote_id) == (
        AttemptOutcome.ACCEPTED,
        Took.API,
        taken["reportId"],
    )
    assert taken["clientToken"] == taken["correlationId"] == str(sent.notice)
    assert taken["report"] == {"xarf": json.loads(sent.content)}
    assert aws.asked == ["create"]


@pytest.mark.parametrize("lost", ["take and drop", 500, 504])
async def test_a_lost_answer_is_no_second_report(lost: int | str) -> None:
    """It is in doubt; before it is offered again, a day later, the API is asked whether it has it."""
    async with FakeAws(now=NOW, does=[lost]).running() as aws, dispatcher(aws) as out:
        sent = report(aws.base)
        first = await hand_over(out, sent)
        aws.a_day_passes()
        second = await hand_over(out, replace(sent, again=True))

    assert [one.outcome for one in (*first, *second)] == [AttemptOutcome.DOUBTFUL, AttemptOutcome.ACCEPTED]
    assert second[0].remote_id == aws.reports[0]["reportId"]
    assert (len(aws.reports), aws.asked) == (1, ["create", "list"])


@pytest.mark.parametrize("busy", [429, 503])
async def test_what_was_not_taken_is_submitted_again(busy: int) -> None:
    """Throttled: nothing was stored, which the list confirms."""
    async with FakeAws(now=NOW, does=[busy]).running() as aws, dispatcher(aws) as out:
        sent = report(aws.base)
        tried = await hand_over(out, sent, replace(sent, again=True))

    assert [one.outcome for one in tried] == [AttemptOutcome.TEMPORARY, AttemptOutcome.ACCEPTED]
    assert (len(aws.reports), aws.asked) == (1, ["create", "list", "create"])


async def test_without_an_answer_to_the_question_nothing_is_repeated() -> None:
    """A list that cannot be read says neither yes nor no."""
    async with FakeAws(now=NOW, listing=500).running() as aws, dispatcher(aws) as out:
        (delivery,) = await hand_over(out, replace(report(aws.base), again=True))

    assert (delivery.outcome, aws.asked) == (AttemptOutcome.TEMPORARY, ["list"])
    assert delivery.reply.startswith("not asked yet whether it is there: 500")


async def test_a_key_that_is_not_taken_fails_no_notice() -> None:
    """It is ours to mend: the report waits, with the API's own words."""
    async with FakeAws(now=NOW).running() as aws, dispatcher(aws, "AKIDEXAMPLE:another") as out:
        (delivery,) = await hand_over(out, report(aws.base))

    assert (delivery.outcome, aws.reports) == (AttemptOutcome.TEMPORARY, [])
    assert "signature does not match" in delivery.reply


async def test_nobody_listens() -> None:
    """A dead port is a temporary fault, of the question and of the report."""
    aws = FakeAws(now=NOW)
    async with aws.running():
        base = aws.base
    async with dispatcher(aws) as out:
        tried = await hand_over(out, report(aws.base), replace(report(aws.base), again=True))

    assert base.startswith("http://127.0.0.1:")
    assert [one.outcome for one in tried] == [AttemptOutcome.TEMPORARY] * 2


async def test_a_withdrawal_has_no_way_there() -> None:
    """The API takes nothing back: a human is told to say it otherwise."""
    async with FakeAws(now=NOW).running() as aws, dispatcher(aws) as out:
        (delivery,) = await hand_over(out, replace(report(aws.base), kind=Kind.WITHDRAWAL))

    assert (delivery.outcome, delivery.no_way, aws.asked) == (AttemptOutcome.PERMANENT, True, [])
    assert "tell its desk another way" in delivery.reply


@pytest.mark.parametrize("token", ["", "AKIDEXAMPLE", "AKIDEXAMPLE:", ":secret"])
def test_a_rule_without_a_key_stops_the_start(token: str) -> None:
    """What is missing is said with an example."""
    with pytest.raises(ValidationError, match="ACCESS_KEY_ID:SECRET_ACCESS_KEY"):
        HosterRule.model_validate(
            {"match": "as64501", "api": "https://abuse.test", "protocol": "aws-abuse-signal", "token": token}
        )
