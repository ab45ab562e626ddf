"""Items in: one object, or lines of NDJSON answered as they are taken, however many there are."""

from asyncio import TaskGroup, timeout
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from aiohttp import StreamReader, web

from ntd.api.desk import answered, body_of, desk_of
from ntd.api.problems import BrokenOff, Problem
from ntd.api.spool import Spool
from ntd.intake import Refusal, read
from ntd.intake_records import Form, Record
from ntd.intake_stream import Stream, Tally
from ntd.store.intake import take
from schemas.access import Caller
from schemas.item import LineAnswer

log = structlog.get_logger(__name__)

NDJSON: Final = "application/x-ndjson"


async def submit(request: web.Request, caller: Caller) -> web.StreamResponse:
    """Take one object, or lines."""
    if request.content_type == NDJSON:
        return await _many(request, caller)
    if request.content_type != "application/json":
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"send one item as application/json, or many as {NDJSON}")
    return await _one(request, caller)


async def _one(request: web.Request, caller: Caller) -> web.Response:
    desk = desk_of(request)
    given = read(Record(line=1, raw=await body_of(request)))
    if isinstance(given, Refusal):
        refused: dict[str, Any] = {"line": 1, "outcome": "refused", "id": None, "error": given.error}
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, given.error, **refused)
    (answer,) = await take(desk.store, desk.settings, [(1, given)], now=desk.clock.now(), by=caller.name)
    return answered(_document(answer))


def _document(answer: LineAnswer) -> dict[str, Any]:
    # The driver's own kind of UUID is one that the encoder does not know.
    item = str(answer.id) if answer.id else None
    return {"line": answer.line, "outcome": answer.outcome, "id": item, "error": answer.error}


async def _many(request: web.Request, caller: Caller) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": NDJSON})
    spool = Spool()
    try:
        async with TaskGroup() as group:
            writing = group.create_task(_write(request, response, spool))
            tally = await _take_lines(request, caller, spool)
            spool.end()
            async with timeout(desk_of(request).patience.left_s):
                await writing
    except ExceptionGroup as faults:
        raise _broken(request, response, faults.exceptions[0]) from faults
    finally:
        spool.close()
    log.info("intake.submitted", by=caller.name, **{outcome.value: n for outcome, n in tally.outcomes.items()})
    return response


async def _take_lines(request: web.Request, caller: Caller, spool: Spool) -> Tally:
    desk = desk_of(request)

    async def answer(answers: list[LineAnswer]) -> None:
        spool.put(b"".join(orjson.dumps(_document(one)) + b"\n" for one in answers))

    stream = Stream(
        store=desk.store, settings=desk.settings, clock=desk.clock, by=caller.name, answered=answer, form=Form.NDJSON
    )
    return await stream.run(_chunks(request.content, desk.patience.silent_s))


async def _chunks(content: StreamReader, silent_s: float) -> AsyncIterator[bytes]:
    while not content.at_eof():
        try:
            async with timeout(silent_s):
                chunk = await content.readany()
        except TimeoutError as fault:
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, "no further line came in time") from fault
        if chunk:
            yield chunk


async def _write(request: web.Request, response: web.StreamResponse, spool: Spool) -> None:
    # The first answer begins the response: until then a fault can still be told as a problem.
    while data := await spool.get():
        if not response.prepared:
            await response.prepare(request)
        await response.write(data)
    if not response.prepared:
        await response.prepare(request)


def _broken(request: web.Request, response: web.StreamResponse, fault: Exception) -> Exception:
    """Leave the fault to whoever writes problems; once answers have gone out, only a broken connection tells it."""
    if not response.prepared:
        return fault
    log.warning("intake.broken_off", fault=type(fault).__name__)
    return BrokenOff(request, "a stream of items ended in a fault")
