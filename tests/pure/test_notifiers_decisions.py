"""What replies, statuses and answers mean, which law is named, and that each language is whole."""

import tomllib
from datetime import timedelta

import orjson
import pytest

from notifiers.exchange import UNNAMED, items_of, read_answer
from notifiers.law import all_laws, laws_for
from notifiers.outcomes import LONGEST_RETRY_AFTER, Stage, http_outcome, lost_outcome, retry_after, smtp_outcome, words
from notifiers.plain import one_line, whole_url
from notifiers.stationery import OURS, SHIPPED
from schemas.item import Basis
from schemas.notice import AttemptOutcome
from tests.fakes.notifiers_messages import line

WORDS = OURS / "words"


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_each_language_has_every_word(language: str) -> None:
    """A language has exactly the keys that English has, and none of them is empty or left in English by mistake."""

    def keys(name: str) -> dict[str, str]:
        tables = tomllib.loads((WORDS / f"{name}.toml").read_text(encoding="utf-8"))
        return {
            f"{table}.{key}": text for table in tables if table != "language" for key, text in tables[table].items()
        }

    english, own = keys("en"), keys(language)

    assert own.keys() == english.keys()
    assert all(own.values())
    same = {key for key in own if own[key] == english[key] and len(own[key]) > 20}
    assert same == (set(own) if language == "en" else set()) & same


DSA = ["Regulation (EU) 2022/2065 (Digital Services Act), Article 16"]
DSA += ["Regulation (EU) 2022/2065 (Digital Services Act), Article 18"]


def test_a_law_is_cited_as_its_reader_knows_it() -> None:
    """In the language of the notice where the citation has one, else as the law calls itself."""
    law = laws_for(["NL"], [Basis.CSAM])[0]

    assert law.sentence("nl").startswith("Verordening (EU) 2022/2065 (digitaledienstenverordening), artikel 16: ")
    assert law.sentence("fi").startswith("Regulation (EU) 2022/2065 (Digital Services Act), Article 16: notices")


def test_every_law_says_where_it_can_be_read_and_what_it_was_held_against() -> None:
    """A source, how it was read, and a sentence in each language that it is cited in."""
    entries = tomllib.loads((WORDS.parents[1] / "data" / "law.toml").read_text(encoding="utf-8"))["law"]

    assert {entry["read"] for entry in entries} <= {"source", "secondary", "memory"}
    assert [entry["cite"] for entry in entries if not set(entry.get("cited", {})) <= set(entry["says"])] == []
    assert [entry["cite"] for entry in entries if not entry["source"].startswith(("http", "a pointer"))] == []


@pytest.mark.parametrize(
    ("country", "cited"),
    [
        ("NL", [*DSA, "Directive 2011/93/EU", "Wetboek van Strafrecht, artikel 252", "Gedragscode"]),
        ("DK", DSA),
        ("FR", [*DSA, "Directive 2011/93/EU", "Code pénal, article 227-23", "Loi n° 2004-575 (LCEN), article 6-1"]),
        ("RU", ["Уголовный кодекс РФ, статья 242.1", "Федеральный закон от 27.07.2006 № 149-ФЗ, статья 15.1"]),
        ("US", ["18 U.S.C."]),
        ("MD", ["Codul penal al Republicii Moldova"]),
        ("SC", ["Optional Protocol"]),
    ],
)
def test_the_law_of_the_recipient(country: str, cited: list[str]) -> None:
    """The law named is that of the recipient's country, else what holds everywhere."""
    laws = laws_for([country], [Basis.CSAM])

    assert [law.cite.startswith(begin) for law, begin in zip(laws, cited, strict=True)] == [True] * len(cited)


def test_a_ground_without_a_law_of_its_own() -> None:
    """Other grounds name the DSA in the Union, and elsewhere the law of the country and its terms of service."""
    assert [law.cite[:10] for law in laws_for(["NL"], [Basis.NCII])] == ["Regulation"]
    assert [law.cite[:10] for law in laws_for([], [Basis.OTHER])] == ["The law of"]


def test_every_law_says_where_it_can_be_read() -> None:
    """Each provision has a citation, a source and an English sentence."""
    assert all(law.cite and law.source and dict(law.says)["en"].endswith(".") for law in all_laws())


@pytest.mark.parametrize("stage", Stage)
def test_silence(stage: Stage) -> None:
    """Silence is doubt exactly where the content was on its way."""
    assert lost_outcome(stage) is (AttemptOutcome.DOUBTFUL if stage is Stage.CONTENT else AttemptOutcome.TEMPORARY)


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
@pytest.mark.parametrize("stage", Stage)
def test_every_4xx_is_temporary(code: int, stage: Stage) -> None:
    """A 4xx is temporary at each stage."""
    assert smtp_outcome(stage, code) is AttemptOutcome.TEMPORARY


@pytest.mark.parametrize("code", [-1, 0, 199, 354])
def test_gibberish_after_the_content_is_doubt(code: int) -> None:
    """A reply that is none, after the content, leaves open whether it was taken."""
    assert smtp_outcome(Stage.CONTENT, code) is AttemptOutcome.DOUBTFUL
    assert smtp_outcome(Stage.ENVELOPE, code) is AttemptOutcome.TEMPORARY


def test_every_status() -> None:
    """Of all statuses exactly 2xx are accepted, and 429 and 5xx temporary."""
    outcomes = {status: http_outcome(status) for status in range(100, 600)}

    assert {status for status, each in outcomes.items() if each is AttemptOutcome.ACCEPTED} == set(range(200, 300))
    assert {status for status, each in outcomes.items() if each is AttemptOutcome.TEMPORARY} == {429, *range(500, 600)}


@pytest.mark.parametrize(
    ("wish", "date", "wait"),
    [
        (None, None, None),
        ("0", None, timedelta(0)),
        (" 30 ", None, timedelta(seconds=30)),
        ("-5", None, None),
        ("1.5", None, None),
        ("999999999", None, LONGEST_RETRY_AFTER),
        ("Sat, 21 Nov 2026 14:06:00 GMT", "Sat, 21 Nov 2026 14:05:00 GMT", timedelta(seconds=60)),
        ("Sat, 21 Nov 2026 14:00:00 GMT", "Sat, 21 Nov 2026 14:05:00 GMT", timedelta(0)),
        ("Sat, 21 Nov 2026 14:06:00 GMT", None, None),
        ("Sat, 21 Nov 2026 14:06:00 GMT", "yesterday", None),
        ("Sat, 21 Nov 2026 14:06:00 -0000", "Sat, 21 Nov 2026 14:05:00 GMT", None),
    ],
)
def test_retry_after(wish: str | None, date: str | None, wait: timedelta | None) -> None:
    """Seconds, or a date counted from the answer's own Date; what cannot be read is no wish."""
    assert retry_after(wish, date) == wait


def test_words_are_bounded_and_printable() -> None:
    """Of the other side's words 2,000 characters are kept, without control characters, lines as they were."""
    assert words("a\r\nb\x00\x1b[31mc\n") == "a\nb [31mc"
    assert len(words("x" * 2001)) == len(words("x" * 2000)) == 2000


def test_an_answer_of_a_partner() -> None:
    """Refused items come with their reasons; the first word counts; others' items and doubles are passed over."""
    one, two, other = (line(number).item for number in (1, 2, 3))
    content = orjson.dumps({"items": [{"item": str(one)}, {"item": str(two)}]})
    body = orjson.dumps(
        {
            "id": "F-1",
            "refused": [{"item": str(one), "reason": "no\ncapacity"}, {"item": str(two)}, {"item": str(other)}],
        }
    )

    answer = read_answer(body, items_of(content))

    assert (answer.remote_id, answer.refused) == ("F-1", ((one, "no capacity"), (two, "")))
    assert not answer.understood
    assert read_answer(b'{"id": "F", "accepted": [], "refused": []}', frozenset()).understood


def test_what_an_answer_does_not_name_was_not_taken() -> None:
    """An item in neither list is nobody's; a partner that says nothing of its items, or names others, took them all."""
    one, two, other = (line(number).item for number in (1, 2, 3))
    items = frozenset({one, two})

    def refused(**said: object) -> tuple[tuple[object, str], ...]:
        return read_answer(orjson.dumps({"id": "F", **said}), items).refused

    assert refused(accepted=[str(one)], refused=[]) == ((two, UNNAMED),)
    assert refused(accepted=[str(one)], refused=[{"item": str(two), "reason": "later"}]) == ((two, "later"),)
    assert [reason for _, reason in refused(accepted=[], refused=[])] == [UNNAMED, UNNAMED]
    assert refused(accepted=[str(one), str(two)]) == ()
    for said in ({}, {"accepted": "all"}, {"accepted": ["4711", "4712"]}, {"accepted": [str(one), str(other)]}):
        assert refused(**said) == ()


def test_one_line_is_one_line() -> None:
    """No control, separator or bidirectional character survives; joiners that scripts need do; length is bounded."""
    assert one_line("a\u2028b\u202ec\td\ud800e\ufeff ") == "a b c d e"
    assert one_line("न\u200dम") == "न\u200dम"
    assert (len(one_line("x" * 201)), one_line("x" * 200)) == (200, "x" * 200)


def test_a_normalised_url_stays_as_it_is() -> None:
    """Printable ASCII is not touched, brackets, bars and per cent signs included; all else is encoded."""
    url = "https://a.test/%7B|[x]^?q=é".replace("é", "%C3%A9")

    assert whole_url(url) == url
    assert whole_url("https://a.test/é \u202e") == "https://a.test/%C3%A9%20%E2%80%AE"
