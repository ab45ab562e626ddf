"""Small decisions of the API, each in one place: pace, language, what an answer means."""

import string
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers.stationery import SHIPPED
from ntd.api import answer_page
from ntd.api.answer_form import Given, Incomplete, Missing, meant, of_form, of_json
from ntd.api.answer_page import Filled, Frame
from ntd.api.answer_texts import TEXTS, language_for
from ntd.api.pace import Pace
from ntd.api.partner_answers import partner_answer
from schemas.errors import Refused
from schemas.exchange import REASONS, Action, Asked, LinkAnswer, Said
from schemas.ids import ItemId, NoticeId

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
ITEMS = tuple(ItemId(UUID(int=number)) for number in range(1, 4))
ASKED = Asked(
    notice=NoticeId(UUID(int=9)),
    written_at=NOON,
    deadline=NOON + timedelta(hours=24),
    language="en",
    items=tuple((item, Said(answer=LinkAnswer.REMOVED, at=NOON) if item.int == 2 else None) for item in ITEMS),
)


def test_pace_lets_a_burst_through_and_then_a_steady_stream() -> None:
    """After the burst, one more per interval; a pause fills the bucket, never beyond the burst."""
    pace = Pace(burst=3, per_minute=60)
    assert [pace.wait("a", NOON) for _ in range(4)] == [None, None, None, timedelta(seconds=1)]
    assert pace.wait("a", NOON + timedelta(seconds=0.5)) == timedelta(seconds=0.5)
    assert pace.wait("a", NOON + timedelta(seconds=1)) is None
    later = NOON + timedelta(hours=1)
    assert [pace.wait("a", later) is None for _ in range(4)] == [True, True, True, False]


def test_pace_remembers_so_many_and_no_more() -> None:
    """The asker heard of longest ago is forgotten first; a clock that steps back fills nothing."""
    pace = Pace(burst=1, per_minute=1, askers=2)
    assert [pace.wait(asker, NOON) for asker in "abc"] == [None, None, None]
    assert pace.wait("c", NOON - timedelta(hours=1)) is not None
    assert pace.wait("a", NOON) is None


@pytest.mark.parametrize(
    ("accepted", "notice", "language"),
    [
        ("", "nl", "nl"),
        ("", "pt-BR", "pt"),
        ("de-CH, en;q=0.9", "nl", "de"),
        ("sv;q=1, en;q=0.2, nl;q=0.3", "de", "nl"),
        ("fr;q=1, en;q=0.2", "de", "fr"),
        ("nl;q=0, *", "de", "de"),
        ("nl;q=x, de;q=0.1", "en", "de"),
        (";;,,=" * 1000, "nl", "nl"),
    ],
)
def test_the_language_is_the_readers_then_the_notices(accepted: str, notice: str, language: str) -> None:
    """By weight; what we do not speak is passed over; English is left."""
    assert language_for(accepted, notice) == language


@given(st.text(max_size=100), st.text(max_size=10))
def test_a_language_is_always_found(accepted: str, notice: str) -> None:
    """Whatever a header holds."""
    assert language_for(accepted, notice) in TEXTS


def test_every_language_says_everything() -> None:
    """Each that notices are written in has a page for each outcome, with all answers and their hints."""
    assert tuple(sorted(TEXTS)) == SHIPPED.languages
    for language in TEXTS:
        frame = Frame(language=language, sender="A & B", contact="a@b.example")
        page = answer_page.form(frame, ASKED, Filled(items=frozenset({str(ITEMS[0])}), answer="removed", note="<"))
        assert page.count('type="radio"') == len(LinkAnswer)
        assert page.count('type="checkbox"') == len(ITEMS) + 1
        assert "2026-11-03 12:00 UTC" in page
        assert "A &amp; B" in page
        assert "{" not in page.split("</style>")[1]
        assert all(answer_page.wrong(frame, missing) for missing in Missing)
        for text in (
            answer_page.thanks(frame, LinkAnswer.REMOVED, 2, more=True),
            answer_page.thanks(frame, LinkAnswer.REMOVED, 1, more=False),
            answer_page.unknown(frame),
            answer_page.too_often(frame, 7),
            answer_page.too_large(frame),
            answer_page.away(frame),
        ):
            assert "{" not in text.split("</style>")[1]
            assert "None" not in text


def test_nothing_is_asked_by_a_time_where_none_was_given() -> None:
    """A message without a deadline names none."""
    asked = Asked(notice=ASKED.notice, written_at=NOON, deadline=None, language="en", items=ASKED.items[:1])
    page = answer_page.form(Frame(language="en", sender="A", contact="a@b.example"), asked)
    assert "as soon as you can" in page
    assert '<input type="hidden" name="item"' in page


def test_named_items_win_over_all() -> None:
    """Ids beside `all` are those that are meant; `all` alone is all."""
    both = Given(items=frozenset({"all", str(ITEMS[1])}), answer="removed", note="")
    every = Given(items=frozenset({"all"}), answer="disputed", note="")
    assert meant(ASKED, both) == (LinkAnswer.REMOVED, [ITEMS[1]])
    assert meant(ASKED, every) == (LinkAnswer.DISPUTED, list(ITEMS))


@given(st.binary(max_size=300))
def test_a_body_is_read_or_refused(body: bytes) -> None:
    """Whatever is sent: a form of ours, JSON of ours, or Refused; and what is read is judged without a fault."""
    for read in (of_form, of_json):
        try:
            given_ = read(body)
        except Refused:
            continue
        try:
            meant(ASKED, given_)
        except Incomplete:
            continue


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ANSWER = st.fixed_dictionaries(
    {},
    optional={
        "item": st.just(str(ITEMS[0])) | JSON,
        "action": st.sampled_from([one.value for one in Action]) | JSON,
        "reason": st.sampled_from(sorted(REASONS.values())) | st.integers(-1, 25) | st.text(string.digits) | JSON,
        "at": st.just("2026-11-02T12:00:00Z") | JSON,
        "note": JSON,
        "hosting": JSON,
        "more": JSON,
    },
)


@given(ANSWER | JSON)
def test_a_partners_answer_is_read_or_refused(given_: object) -> None:
    """Whatever a partner's software sends: an answer whose every value is one of ours, or a sentence."""
    try:
        answer = partner_answer(given_)
    except Refused:
        return
    assert answer.reason is None or answer.reason in REASONS.values()
    assert answer.at is None or answer.at.tzinfo is not None
    assert len(answer.note) <= 2000


def test_every_reason_is_known_by_name_and_code() -> None:
    """The 21 reasons of ICCAM, each by its name, its number, and its number as text."""
    item = str(ITEMS[0])
    for code, name in REASONS.items():
        for reason in (name, code, str(code)):
            answer = partner_answer({"item": item, "action": "content_unavailable", "reason": reason})
            assert answer.reason == name
    for unknown in (0, 22, "22", "linkexpired", True, 1.0, "²"):
        with pytest.raises(Refused):
            partner_answer({"item": item, "action": "content_unavailable", "reason": unknown})
