"""Layouts and words: proven with the hardest data before anybody is written to, ours and an organisation's own."""

import email
from email.message import EmailMessage
from email.policy import strict
from pathlib import Path

import pytest

from notifiers.compose import compose
from notifiers.letter import NETWORK_KINDS, letter
from notifiers.proof import prove
from notifiers.samples import HARD_URLS, plain_lines, samples, shown
from notifiers.stationery import OURS, SHIPPED, Stationery
from schemas.errors import Misconfigured
from schemas.notice import Kind
from tests.fakes.notifiers_messages import NOW, SENDER

WITHOUT_URLS = NETWORK_KINDS | {Kind.WITHDRAWAL}


def own(folder: Path, name: str, text: str) -> Stationery:
    """Put one file into an organisation's folder."""
    (folder / "words").mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")
    return Stationery(folder)


def fault_of(stationery: Stationery) -> str:
    """Give the sentences that stop the start."""
    with pytest.raises(Misconfigured) as fault:
        prove(stationery, SENDER, NOW)
    return str(fault.value)


def test_what_is_shipped_holds_with_the_hardest_data() -> None:
    """Every kind in every language is written, with each URL whole on a line, the deadline and the answer link."""
    prove(SHIPPED, SENDER, NOW)

    assert len(SHIPPED.languages) == 12


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_the_hardest_data_makes_a_mail_that_strict_parsers_read(language: str) -> None:
    """IDN, very long URLs, right-to-left text, quotes and newlines in names: each URL whole, no line broken."""
    for kind in Kind:
        for message in samples(kind, language, SENDER, NOW):
            mail = email.message_from_bytes(compose(message, SHIPPED).content, policy=strict)
            assert isinstance(mail, EmailMessage)
            text = next(iter(mail.iter_parts()))
            assert isinstance(text, EmailMessage)
            lines = [line.strip() for line in text.get_content().splitlines()]
            urls = [] if kind in WITHOUT_URLS else [line.url for line in message.lines]

            assert [url in lines for url in urls] == [True] * len(urls)
            assert [line for line in lines if line.startswith(("X-Header", "."))] == []
            assert not mail.defects


def test_a_layout_of_their_own_stands_over_ours(tmp_path: Path) -> None:
    """What the folder has is used, what it has not stays as shipped."""
    layout = (OURS / "letter.txt").read_text(encoding="utf-8")
    own(tmp_path, "letter.txt", "Crown and seal\n" + layout)
    stationery = own(tmp_path, "words/nl.toml", '[title]\nfirst = "Bevel: {{ what }} {{ by }}"\n')
    prove(stationery, SENDER, NOW)
    message = shown(Kind.FIRST, "nl", SENDER, plain_lines(NOW), NOW, NOW)
    written = letter(message, stationery)

    assert written.text.startswith("Crown and seal\n")
    assert written.subject.startswith("Bevel: materiaal van seksueel kindermisbruik uiterlijk")
    assert "Wij zijn Example Hotline (NL)." in written.text


def test_a_language_of_their_own(tmp_path: Path) -> None:
    """A language that is not shipped is one more, once it has every word."""
    stationery = own(tmp_path, "words/fi.toml", (OURS / "words" / "en.toml").read_text(encoding="utf-8"))
    prove(stationery, SENDER, NOW)

    assert len(stationery.languages) == 13
    assert (stationery.language_of("fi-FI"), SHIPPED.language_of("fi-FI")) == ("fi", "en")


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("words/nl.toml", '[label]\nitem = "Ding"\n[say]\nwho = "{{ sendr }}"\n', 4, "say.who cannot be said: 'sendr'"),
        ("words/nl.toml", '[say]\nwho = "Wij {{ "\n', 2, "say.who cannot be said: unexpected 'end of template'"),
        ("words/nl.toml", '[by]\ndeadline = "{{ dedline }}"\n', 2, "by.deadline cannot be said"),
        ("words/nl.toml", '[say]\nwhoo = "Wij"\n', 2, "say.whoo is no word of a notice; did you mean say.who?"),
        ("words/nl.toml", '[thing]\nzzzzzz = "Wij"\n', 2, "see the words that ntd ships"),
        ("words/fi.toml", '[say]\nwho = "Me"\n', 1, "are missing, for example by.deadline"),
        ("letter.txt", "Dear desk\n{% if id %}\n", 2, "Unexpected end of template"),
        ("letter.txt", "Dear desk\n\n{{ missing }}\n", 3, "a notice of kind first cannot be written: 'missing'"),
        ("letter.txt", "{{ deadline }}\n{{ 1 / 0 }}\n", 2, "division by zero"),
        (
            "letter.txt",
            "{{ deadline }}\n",
            1,
            "does not show 'https://ntd.hotline.example/h/AAAAAAAAAAAAAAAAAAAAAA' whole",
        ),
        ("letter.txt", "{{ answer_link }}\n", 1, "does not show '2026-11-22 14:05 UTC' whole"),
        ("list.txt", "{% for one in entries %}{{ one.lines|join(' ') }}\n{% endfor %}", 1, "does not show 'https://"),
    ],
)
def test_what_would_fail_at_night_stops_the_start(tmp_path: Path, name: str, text: str, line: int, said: str) -> None:
    """The sentence names the file, the line, and what is wrong."""
    fault = fault_of(own(tmp_path, name, text))

    assert f"{tmp_path / name}, line {line}: " in fault
    assert said in fault


@pytest.mark.parametrize("text", ["[say\n", "[say]\nwho = unquoted\n"])
def test_a_file_of_words_that_is_no_toml(tmp_path: Path, text: str) -> None:
    """The file and the line are named, and a right line is shown."""
    fault = fault_of(own(tmp_path, "words/nl.toml", text))

    assert fault.startswith(f"{tmp_path / 'words' / 'nl.toml'}: ")
    assert "at line " in fault


def test_one_fault_is_said_once(tmp_path: Path) -> None:
    """What fails in every kind and every language is one sentence."""
    fault = fault_of(own(tmp_path, "letter.txt", "{{ missing }}"))

    assert len(fault.splitlines()) == 1


def test_the_hardest_urls_are_whole_urls() -> None:
    """The samples are as hard as they say: an internationalised host, over three thousand characters, an onion."""
    assert max(map(len, HARD_URLS)) > 3000
    assert [url for url in HARD_URLS if "xn--" in url or ".onion" in url or "[2001" in url] != []
