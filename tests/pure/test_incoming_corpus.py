"""Whole messages in the forms of the common systems, and what is read from them.

`known` was written beside the rules, `stranger` and `answers.toml` without a look at them: what share of these is read
right says how well the rules carry over to what nobody has seen. `messages.txt` was read cold too, and mended since.
"""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from notifiers.incoming.reading import read
from notifiers.incoming.suggestion import guessed, said
from ntd.incoming import Facts, Judged, KnownNotice, as_json, judge
from schemas.ids import ItemId, NoticeId, RecipientId
from schemas.notice import Kind
from tests.fakes.incoming_file import FIELDS, messages
from tests.fakes.incoming_mail import CORPUS, ITEMS, NOTICE, OURS, corpus, reply

THE_NOTICE = KnownNotice(
    id=NoticeId(NOTICE),
    kind=Kind.FIRST,
    recipient=RecipientId(1),
    to="abuse@hoster.example",
    partner=None,
    items=tuple(map(ItemId, ITEMS)),
)
FACTS = Facts(notices={NOTICE: THE_NOTICE}, latest=dict.fromkeys(ITEMS, NoticeId(NOTICE)))


def judged(raw: bytes) -> tuple[Judged, bool]:
    """Read and judge a message beside what a database would know; say also whether something was dropped."""
    came = read(raw, OURS)
    return judge(came, FACTS), came.had_attachment


def differences(raw: bytes, meant: dict[str, Any]) -> dict[str, Any]:
    """Give what was read otherwise than meant."""
    found, attachment = judged(raw)
    told = as_json(found)
    if told["kind"] != "unrelated":
        told["attachment"] = attachment
    wanted = meant | {"items": [str(item) for item in ITEMS] if meant["items"] == "all" else meant["items"]}
    wanted["notice"] = str(NOTICE) if meant["kind"] != "unrelated" else None
    if told["kind"] in {"bounce", "delay", "delivered"}:
        # Where a report names nobody, or only somebody to whom our recipient forwards, it is our recipient's.
        wanted["recipient"] = "abuse@hoster.example"
    return {name: (value, wanted[name]) for name, value in told.items() if value != wanted[name]}


@pytest.mark.parametrize(("name", "raw", "meant"), [pytest.param(*one, id=one[0]) for one in corpus("known")])
def test_every_known_form_is_read_right(name: str, raw: bytes, meant: dict[str, Any]) -> None:
    """Kind, permanence, notice, items, recipient, status, suggestion, ticket and attachment, each as meant."""
    assert differences(raw, meant) == {}, name
    assert differences(raw.replace(b"\n", b"\r\n"), meant) == {}, f"{name} with CRLF"


def test_what_a_stranger_writes_is_read_right() -> None:
    """At least 95 % of the messages written without a look at the rules, in every field; their kind nearly always."""
    messages = list(corpus("stranger"))
    wrong = {name: found for name, raw, meant in messages if (found := differences(raw, meant))}
    kinds = [name for name, found in wrong.items() if "kind" in found]

    assert len(messages) >= 100
    assert len(wrong) <= len(messages) * 0.05, wrong
    assert len(kinds) <= len(messages) * 0.02, kinds


def test_messages_of_every_system_and_language_are_read_right() -> None:
    """Kind, permanence, status, suggestion and ticket of 286 messages, our notice quoted whole in twelve languages."""
    read_as = [(name, as_json(judged(raw)[0]), meant) for name, raw, meant in messages()]
    wrong = {
        name: differing
        for name, told, meant in read_as
        if (differing := {field: told[field] for field in FIELDS if told[field] not in meant[field]})
    }

    assert len(read_as) >= 280
    assert wrong == {}


def test_answers_of_a_few_words_are_understood() -> None:
    """At least 95 % in each of twelve languages' answers taken together, and none without an answer in any language."""
    answers = tomllib.loads((CORPUS / "answers.toml").read_text(encoding="utf-8"))
    read_as = [
        (meant, said(text) or guessed(text), text)
        for by_meaning in answers.values()
        for meant, texts in by_meaning.items()
        for text in texts
    ]
    wrong = [one for one in read_as if one[1] != one[0]]

    assert set(answers) == {"hi", "en", "nl", "de", "fr", "es", "pt", "pl", "cs", "ro", "ru", "uk"}
    assert len(read_as) >= 150
    assert len(wrong) <= len(read_as) * 0.05, wrong


def read_in(file: Path) -> list[tuple[str, str, str | None, str]]:
    """Read every answer of a file: its language, what is meant, what it is read as, and itself."""
    return [
        (language, meant, said(text) or guessed(text), text)
        for language, by_meaning in tomllib.loads(file.read_text(encoding="utf-8")).items()
        for meant, texts in by_meaning.items()
        for text in texts
    ]


def test_colloquial_answers_are_understood_in_31_languages() -> None:
    """At least 95 % in every language with ten answers or more; and what is still to be done is never "removed"."""
    read_as = read_in(CORPUS / "colloquial.toml")
    wrong = [one for one in read_as if (one[2] or "none") != one[1]]
    languages = {one[0] for one in read_as}

    assert len(languages) == 31
    assert len(read_as) >= 800
    assert len(wrong) <= len(read_as) * 0.02, wrong
    assert [one for one in wrong if one[1] == "none" and one[2] == "removed"] == []
    for language in languages:
        mine = [one for one in read_as if one[0] == language]
        assert len([one for one in wrong if one[0] == language]) <= max(1, len(mine) * 0.06), language


def test_answers_in_many_words_are_understood() -> None:
    """At least 98 % of a thousand: what will be done, what waits for something, and what was not, suggests nothing."""
    read_as = read_in(CORPUS / "wordings.toml")
    wrong = [one for one in read_as if (one[2] or "none") != one[1]]
    languages = {one[0] for one in read_as}

    assert len(languages) == 31
    assert len(read_as) >= 1000
    assert len(wrong) <= len(read_as) * 0.02, wrong


def test_whole_answers_are_told_from_machines() -> None:
    """Kind, suggestion and ticket of each, whatever stands quoted below it and in what language."""
    mails = tomllib.loads((CORPUS / "mails.toml").read_text(encoding="utf-8"))["mail"]
    wrong: dict[str, dict[str, Any]] = {}
    for one in mails:
        said_by = {"sender": one["from"]} if "from" in one else {}
        message = f"<{NOTICE}@hotline.example>"
        raw = reply(message, one["text"], subject=one["subject"], extra=one.get("extra", ""), **said_by)
        told = as_json(judged(raw)[0])
        differing = {name: told[name] for name in ("kind", "suggestion", "ticket") if told[name] != one.get(name)}
        wrong |= {one["name"]: differing} if differing else {}

    assert len(mails) >= 80
    assert wrong == {}


def test_a_bounce_that_acts_proves_what_it_is_about() -> None:
    """By our return path, or by our Message-ID and the recipient; by a number in the text alone it does not act."""
    by_name = {name: judged(raw)[0] for name, raw, _ in corpus("known")}

    assert all(by_name[name].acts for name in by_name if "postfix" in name or "exim-report" in name)
    assert by_name["21-forwarded-other-recipient.eml"].acts
    assert not by_name["07-exim-delay-plain.eml"].acts
    assert not by_name["24-not-our-mail.eml"].acts
