"""Whatever stands in a URL or a name, a mail stays a mail, and each URL arrives whole."""

import csv
import email
import io
import json
from email.message import EmailMessage
from email.policy import strict

import xarf
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.compose import compose
from notifiers.exchange import read_answer
from notifiers.plain import whole_url
from notifiers.stationery import SHIPPED
from schemas.errors import Refused
from schemas.notice import Format, Kind, NoticeLine, Sender
from schemas.url import parse_url
from tests.fakes.notifiers_messages import SENDER, line, message

# Nasty on purpose: line ends of every kind, separators, directions, quotes, boundaries, dots, header look-alikes.
NASTY = st.sampled_from(
    (
        *("\r\n", "\n.\n", "\n\n", "\x00", "\u2028", "\u202e", "\x85", "\ud800", " ", "\r\nBcc: x@y.test", "From "),
        *(
            '"',
            "'",
            ",",
            "=3D",
            "=",
            "--=_ntd_",
            "{{ id }}",
            "{% raw %}",
            "=cmd()",
            "%0A",
            "é",
            "中文",
            "مرحبا",
            "x" * 1200,
        ),
    )
)
TEXT = st.lists(st.one_of(NASTY, st.text(max_size=8)), max_size=6).map("".join)
PATH = TEXT


def normalised(path: str) -> str | None:
    """Give the URL with this path as intake would, or None where intake would refuse it."""
    try:
        return parse_url("https://img.site.test/" + path).text
    except (Refused, UnicodeEncodeError):
        return None


URLS = PATH.map(normalised).filter(lambda url: url is not None)
LINES = st.builds(
    lambda number, url, name, reason, confirmed: line(
        number, url=url, as_name=name, hoster=name, reason=reason, confirmed=confirmed, site_type=name, access=name
    ),
    st.integers(1, 10**6),
    URLS,
    TEXT,
    TEXT,
    st.booleans(),
)
SENDERS = st.builds(
    lambda name: Sender(
        name=name,
        country="NL",
        domain=SENDER.domain,
        contact_email=SENDER.contact_email,
        mail_from=f"{name} <notices@hotline.example>",
        public_url=SENDER.public_url,
    ),
    TEXT,
)
HEADERS = {
    "date", "from", "to", "subject", "message-id", "auto-submitted", "mime-version", "content-type", "reply-to",
    "references", "in-reply-to",
}  # fmt: skip


@settings(max_examples=40)
@given(
    lines=st.lists(LINES, min_size=1, max_size=3),
    sender=SENDERS,
    hoster=TEXT,
    to=TEXT,
    language=st.sampled_from(SHIPPED.languages),
    form=st.sampled_from(Format),
)
def test_every_url_arrives_whole_and_no_header_is_added(
    lines: list[NoticeLine], sender: Sender, hoster: str, to: str, language: str, form: Format
) -> None:
    """A strict parser reads each mail; each URL stands whole in text, CSV and XARF; the headers are ours alone."""
    told = message(
        *lines, sender=sender, hoster=hoster, to=f"abuse@hoster.test{to}", language=language, format=form,
        references=(f"<a{to}@b>",),
    )  # fmt: skip
    content = compose(told).content

    mail = email.message_from_bytes(content, policy=strict)
    assert isinstance(mail, EmailMessage)
    assert {name.lower() for name in mail.keys()} <= HEADERS  # noqa: SIM118 -- a message is not a dict
    assert len(mail.keys()) == len(set(mail.keys()))
    assert content.count(b"\r\n") == content.count(b"\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    parts: dict[str, list[str]] = {}
    for part in mail.iter_parts():
        assert isinstance(part, EmailMessage)
        if part.get_content_type() != "message/feedback-report":
            told_so = part.get_content()
            text = told_so.decode() if isinstance(told_so, bytes) else told_so
            parts.setdefault(part.get_content_type(), []).append(text)
    text_lines = [each.strip() for each in parts["text/plain"][0].split("\n")]
    assert [each.url in text_lines for each in lines] == [True] * len(lines)
    documents = [json.loads(each) for each in parts.get("application/json", [])]
    assert [document["url"] for document in documents] == [each.url for each in lines if each.confirmed]
    for document in documents:
        result = xarf.parse(document)
        assert (list(result.errors), list(result.warnings)) == ([], [])
    if "text/csv" in parts:
        rows = list(csv.DictReader(io.StringIO(parts["text/csv"][0])))
        assert [row["url"] for row in rows] == [each.url for each in lines]


@settings(max_examples=200)
@given(TEXT)
def test_even_a_url_that_intake_would_refuse_breaks_no_line(text: str) -> None:
    """What never was a URL is written as printable ASCII on one line, and twice is once."""
    written = whole_url(text)

    assert all("!" <= letter <= "~" for letter in written)
    assert whole_url(written) == written


@settings(max_examples=40)
@given(url=TEXT, kind=st.sampled_from(Kind), name=TEXT)
def test_every_kind_survives_any_url(url: str, kind: Kind, name: str) -> None:
    """No kind of message fails or breaks because of what stands in an item that was never normalised."""
    told = message(line(1, url=url, hashes={"md5": name, "sha256": url}, country=name), kind=kind, recipient_name=name)

    mail = email.message_from_bytes(compose(told).content, policy=strict)

    assert mail["Message-ID"] == f"<{told.id}@hotline.example>"


@settings(max_examples=200)
@given(st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["id", "accepted", "refused", "item", "reason"]), inner, max_size=4),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_no_answer_of_a_partner_can_hurt(body: bytes) -> None:
    """Whatever a partner's API says, reading it fails for nobody and refuses nothing that was not asked."""
    assert read_answer(body, frozenset()).refused == ()
