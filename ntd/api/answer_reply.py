"""What came of a visit to an answer link, as a page for a person or as JSON for a machine."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, assert_never

from aiohttp import web

from ntd.api import answer_page, problems
from ntd.api.answer_form import Given, Missing
from ntd.api.answer_page import Filled, Frame
from ntd.api.answer_texts import language_for
from ntd.api.desk import answered
from ntd.api.problems import Problem
from schemas.exchange import Asked, LinkAnswer
from schemas.ids import ItemId
from schemas.settings import Organisation
from schemas.wire import moment_json

_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was asked is shown."""

    asked: Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """An answer lacks something; nothing was recorded."""

    asked: Asked
    given: Given
    missing: Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An answer was recorded."""

    asked: Asked
    answer: LinkAnswer
    items: tuple[ItemId, ...]


Came = Shown | Unfinished | Recorded | Problem


def reply(request: web.Request, organisation: Organisation, came: Came) -> web.Response:
    """Answer in the form that the asker reads."""
    if request.content_type == _JSON or request.headers.get("Accept", "").startswith(_JSON):
        return _for_machine(came)
    notice = organisation.languages[0] if isinstance(came, Problem) else came.asked.language
    frame = Frame(
        language=language_for(request.headers.get("Accept-Language", ""), notice),
        sender=organisation.name,
        contact=organisation.contact_email,
    )
    return _for_person(frame, came)


def _for_machine(came: Came) -> web.Response:
    match came:
        case Shown(asked=asked):
            return answered(_document(asked))
        case Recorded(answer=answer, items=items):
            return answered({"recorded": [str(item) for item in items], "answer": answer.value})
        case Unfinished(missing=missing):
            return problems.response(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, missing.value))
        case Problem():
            return problems.response(came)
        case _:
            assert_never(came)


def _document(asked: Asked) -> dict[str, object]:
    return {
        "notice": str(asked.notice),
        "asked_at": moment_json(asked.written_at),
        "deadline": moment_json(asked.deadline),
        "items": [
            {"item": str(item), "answer": said and said.answer.value, "at": said and moment_json(said.at)}
            for item, said in asked.items
        ],
    }


def _for_person(frame: Frame, came: Came) -> web.Response:
    match came:
        case Shown(asked=asked):
            return _page(answer_page.form(frame, asked))
        case Recorded(asked=asked, answer=answer, items=items):
            more = len(asked.items) > len(items)
            return _page(answer_page.thanks(frame, answer, len(items), more=more))
        case Unfinished(asked=asked, given=given, missing=missing):
            filled = Filled(items=given.items, answer=given.answer, note=given.note)
            wrong = answer_page.wrong(frame, missing)
            return _page(answer_page.form(frame, asked, filled, wrong), HTTPStatus.UNPROCESSABLE_ENTITY)
        case Problem():
            return _page(_problem_page(frame, came), came.status, came.headers)
        case _:
            assert_never(came)


def _problem_page(frame: Frame, problem: Problem) -> str:
    if problem.status is HTTPStatus.NOT_FOUND:
        return answer_page.unknown(frame)
    if problem.status is HTTPStatus.TOO_MANY_REQUESTS:
        return answer_page.too_often(frame, int(problem.headers["Retry-After"]))
    ours = problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return answer_page.away(frame) if ours else answer_page.too_large(frame)


def _page(text: str, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> web.Response:
    policy = {"Content-Security-Policy": answer_page.POLICY}
    return web.Response(text=text, status=status, content_type="text/html", headers=policy | (headers or {}))
