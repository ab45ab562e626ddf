"""A notice by mail, an API report, a forward: what must be in them, and what must never be (contract, section 8)."""

import csv
import email
import io
import json
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import strict
from typing import Any

import pytest
import xarf

from notifiers.compose import LARGEST_XARF, compose, message_id, return_path
from notifiers.mime import LONGEST_LINE
from notifiers.stationery import SHIPPED
from schemas.errors import Permanent
from schemas.item import Basis, Classification
from schemas.notice import Channel, Format, Kind, Message
from tests.fakes.notifiers_messages import NOW, SENDER, line, message, presumed

NETWORK = [Kind.UPSTREAM, Kind.REGISTRAR]
WITH_URLS = [kind for kind in Kind if kind not in {*NETWORK, Kind.WITHDRAWAL}]
DEADLINE = "2026-11-22 14:05 UTC"


def read(told: Message) -> EmailMessage:
    """Read a mail as a strict parser does: any defect raises."""
    mail = email.message_from_bytes(compose(told).content, policy=strict)
    assert isinstance(mail, EmailMessage)
    return mail


def parts(told: Message) -> dict[str, list[Any]]:
    """Give the contents of a mail's parts by type; JSON comes parsed."""
    found: dict[str, list[Any]] = {}
    for part in read(told).iter_parts():
        assert isinstance(part, EmailMessage)
        kind = part.get_content_type()
        content: Any = part.get_payload(0) if kind == "message/feedback-report" else part.get_content()
        found.setdefault(kind, []).append(json.loads(content) if kind.endswith("json") else content)
    return found


def text_of(told: Message) -> str:
    """Give the text of a mail, its paragraphs unwrapped."""
    return str(parts(told)["text/plain"][0]).replace("\r\n", "\n")


def prose(told: Message) -> str:
    """Give the text of a mail as one line, so that wrapping hides nothing."""
    return " ".join(text_of(told).split())


def rows(told: Message) -> list[dict[str, str]]:
    """Read the CSV of a mail."""
    return list(csv.DictReader(io.StringIO(parts(told)["text/csv"][0])))


def errors(document: dict[str, Any]) -> tuple[list[object], list[object]]:
    """Give what the published schema holds against a XARF document: errors and unknown fields."""
    result = xarf.parse(document)
    return list(result.errors), list(result.warnings)


def test_the_same_message_gives_the_same_bytes() -> None:
    """Rendering is deterministic: a retry after a crash is the same mail."""
    told = message(line(1), presumed(2), language="de")

    assert compose(told) == compose(told)


def test_the_shape_of_a_notice() -> None:
    """A digest is multipart/mixed: one text, one CSV, one XARF part per item that XARF has words for."""
    told = message(line(1), line(2, classification=Classification.NATIONAL), presumed(3), line(4))
    mail = read(told)

    assert mail.get_content_type() == "multipart/mixed"
    kinds = [part.get_content_type() for part in mail.iter_parts()]
    assert kinds == ["text/plain", "text/csv", "application/json", "application/json"]
    assert [part.get_content_disposition() for part in mail.iter_parts()] == ["inline"] + ["attachment"] * 3


def test_the_headers_of_a_notice() -> None:
    """Message-ID from the notice and our domain; Date when written; marked as automatic; References oldest first."""
    told = message(kind=Kind.REMINDER, references=("<a@hotline.example>", "<b@hotline.example>"))
    mail, rendered = read(told), compose(told)

    assert mail["Message-ID"] == rendered.message_id == f"<{told.id}@hotline.example>" == message_id(told)
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert (mail["From"], mail["To"]) == ("Example Hotline <notices@hotline.example>", "abuse@hoster.test")
    assert str(mail["References"]).split() == ["<a@hotline.example>", "<b@hotline.example>"]
    assert mail["In-Reply-To"] == "<b@hotline.example>"
    assert mail["Subject"] == rendered.subject
    assert str(told.id) in str(rendered.subject)


def test_a_first_notice_refers_to_nothing() -> None:
    """Without an earlier message there is neither References nor In-Reply-To."""
    mail = read(message())

    assert (mail["References"], mail["In-Reply-To"], mail["Reply-To"]) == (None, None, None)


def test_answers_go_to_the_contact_where_it_is_another_mailbox() -> None:
    """Reply-To names the contact when notices are sent from elsewhere."""
    mail = read(message(sender=replace(SENDER, contact_email="desk@hotline.example")))

    assert mail["Reply-To"] == "desk@hotline.example"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", SHIPPED.languages)
def test_every_kind_in_every_language(kind: Kind, language: str) -> None:
    """Each kind renders in each language, English below; each URL stands whole on a line, beside its id."""
    long = "https://img.site.test/" + "x" * 3000
    told = message(
        line(1, url=long, returned=True, reason="The second picture."),
        line(2, basis=Basis.NCII, classification=None),
        presumed(3, access="open sesame"),
        line(4, classification=Classification.NATIONAL, basis=Basis.CSAM),
        line(5, basis=Basis.OTHER, classification=None, last_up_at=None, address=None),
        kind=kind,
        language=language,
        earlier_first_at=NOW - timedelta(days=1),
    )
    text = text_of(told)

    lines = [each.strip() for each in text.splitlines()]
    assert "good faith" in " ".join(text.split())
    if kind in WITH_URLS:
        assert [each.url in lines for each in told.lines] == [True] * 5
        assert [lines[lines.index(each.url) - 1].endswith(str(each.item)) for each in told.lines] == [True] * 5
        assert [row["url"] for row in rows(told)] == [each.url for each in told.lines]
    else:
        assert "://" not in text.replace(str(told.answer_link), "")
    assert (f"\n{'-' * 72}\nEnglish\n{'-' * 72}\n" in text) == (language != "en")


def test_what_a_notice_says() -> None:
    """A first notice says who, what, by when, to preserve evidence, the law, good faith, and where to answer."""
    told = message(line(1), country_line(), recipient_country="NL")
    said = prose(told)

    assert f"Deadline: {DEADLINE}" in said
    assert said.count(DEADLINE) >= 3
    assert f"Please remove each confirmed item, or make it inaccessible to everybody, by {DEADLINE}." in said
    for sentence in (
        "We are Example Hotline (NL).",
        "copies, thumbnails and cached versions",
        "the parts of it that are named here",
        "Please preserve",
        "Do not pass this list on to anybody beyond the party concerned. Do not send any content back to us.",
        "Regulation (EU) 2022/2065 (Digital Services Act), Article 16",
        "Wetboek van Strafrecht, artikel 252",
        "good faith",
        "https://ntd.hotline.example/h/0123456789abcdef",
        "Last seen up: 2026-11-21 13:56 UTC (192.0.2.7)",
    ):
        assert sentence in said
    assert "presumed" not in said


def country_line() -> Any:
    """Make an item that stands in another country than its recipient."""
    return line(2, country="NL")


def test_confirmed_and_presumed_are_worded_apart() -> None:
    """Only confirmed items are called illegal; presumed ones are passed on for the recipient to judge."""
    both, only = message(line(1), presumed(2)), message(presumed(2))

    assert "Each item marked as confirmed child sexual abuse material" in prose(both)
    assert "It is presumed, not confirmed: please judge it yourself." in prose(both)
    assert "Please examine each presumed item yourself and, where it is illegal, remove it" in prose(only)
    assert DEADLINE in prose(only)
    assert "found to be illegal" not in prose(only)
    assert "remove each confirmed" not in prose(only)
    assert str(compose(only).subject).startswith("Notice: presumed child sexual abuse material")
    assert "application/json" not in parts(only)


@pytest.mark.parametrize("kind", NETWORK)
def test_the_network_is_told_domain_address_and_count(kind: Kind) -> None:
    """Upstream and registrar never see an item's URL or id: only domain, address and how many items there are."""
    secret = line(3, url="https://u.other.test/secret")
    told = message(line(1), line(2), secret, kind=kind, answer_link=None)
    content = compose(told).content.decode()

    assert rows(told) == [
        {"domain": "site.test", "address": "192.0.2.7", "items": "2"},
        {"domain": "other.test", "address": "192.0.2.7", "items": "1"},
    ]
    for each in told.lines:
        assert each.url not in content
        assert str(each.item) not in content
    assert list(parts(told)) == ["text/plain", "text/csv"]


@pytest.mark.parametrize("channel", [Channel.MAIL, Channel.API])
def test_a_withdrawal_names_ids_only(channel: Channel) -> None:
    """A withdrawal carries item ids and no URL, host, deadline or answer link, in any part."""
    told = message(line(1), presumed(2), kind=Kind.WITHDRAWAL, channel=channel, to="abuse@hoster.test")
    content = compose(told).content.decode()

    assert [str(each.item) in content for each in told.lines] == [True, True]
    for never in ("site.test", "192.0.2.7", "/h/", "://", DEADLINE):
        assert never not in content


def test_a_front_is_asked_for_two_things() -> None:
    """A front is asked to pass the notice on and to name the origin."""
    said = prose(message(kind=Kind.FRONT))

    assert "pass this notice on to whoever hosts that server" in said
    assert "(the origin)" in said


def test_a_reminder_to_a_partner_is_worded_as_a_forward() -> None:
    """A partner that gave no sign of life is reminded of a forward, not asked to remove what it does not host."""
    said = prose(message(kind=Kind.REMINDER, partner="md-hotline", to="desk@partner.test"))

    assert "We forwarded these items to you before" in said
    assert "Please remove" not in said


def test_fifty_xarf_parts_at_most() -> None:
    """A mail carries a XARF part for each of the first fifty items, and all of them in text and CSV."""
    told = message(*(line(number) for number in range(1, LARGEST_XARF + 2)))

    assert (len(parts(told)["application/json"]), len(rows(told))) == (50, 51)


@pytest.mark.parametrize("classification", [each for each in Classification if each is not Classification.NATIONAL])
def test_xarf_is_valid(classification: Classification) -> None:
    """Each XARF part validates with the published schema: no error and no unknown field, and only true fields."""
    told = message(line(1, classification=classification), line(2, media="page", hashes={"phash": "x"}, asn=None))
    first, second = parts(told)["application/json"]

    assert (errors(first), errors(second)) == (([], []), ([], []))
    assert (first["type"], first["classification"], first["url"]) == ("csam", classification, told.lines[0].url)
    assert not {"evidence", "screenshot_url", "confidence", "target_brand", "hash_values", "media_type", "asn"} & set(
        second
    )
    assert first["report_id"] != second["report_id"]
    assert DEADLINE in first["description"]


@pytest.mark.parametrize(
    "changes",
    [
        {"confirmed": False, "classification": None},
        {"classification": Classification.NATIONAL},
        {"basis": Basis.NCII},
        {"basis": Basis.OTHER, "classification": None},
    ],
)
def test_what_xarf_has_no_words_for(changes: dict[str, Any]) -> None:
    """Presumed, national and other grounds get no XARF: a digest even for those who want XARF, a fault for an API."""
    told = message(line(1, **changes), format=Format.XARF)

    assert read(told).get_content_type() == "multipart/mixed"
    assert "application/json" not in parts(told)
    with pytest.raises(Permanent, match="cannot go to a hoster's API"):
        compose(replace(told, channel=Channel.API, to="https://api.hoster.test"))


def test_the_xarf_format() -> None:
    """One item for those who want XARF: RFC 5965 multipart/report with text, feedback report and the document."""
    told = message(line(1), format=Format.XARF)
    mail, found = read(told), parts(told)

    assert (mail.get_content_type(), mail.get_param("report-type")) == ("multipart/report", "feedback-report")
    assert list(found) == ["text/plain", "message/feedback-report", "application/json"]
    report = found["message/feedback-report"][0]
    assert (report["Feedback-Type"], report["Version"], report["Source-IP"]) == ("xarf", "1", "192.0.2.7")
    assert report["User-Agent"].startswith("ntd/")
    assert errors(found["application/json"][0]) == ([], [])
    assert "Please remove each confirmed item" in prose(told)


def test_an_api_report_is_one_document() -> None:
    """A hoster's API gets the same document as a mail's part; its identity is the notice's."""
    told = message(line(1))
    rendered = compose(replace(told, channel=Channel.API, to="https://api.hoster.test"))

    assert json.loads(rendered.content) == parts(told)["application/json"][0]
    assert rendered.message_id == str(told.id)


def test_a_forward_document() -> None:
    """A forward holds the agreed keys and nothing else; by mail the same document travels beside text and CSV."""
    item = line(1, reference="SCART-991", series="S-17", observed_at=NOW, site_type="imagehost", orphan=True)
    told = message(item, kind=Kind.FORWARD, channel=Channel.API, to="md-hotline", recipient_country="MD")
    document = json.loads(compose(told).content)
    by_mail = replace(told, channel=Channel.MAIL, to="desk@partner.test", partner="md-hotline")

    assert document == {
        "schema": "ntd/forward/1",
        "id": str(told.id),
        "sent_at": "2026-11-21T14:05:00Z",
        "sender": {"name": "Example Hotline", "country": "NL", "contact": "notices@hotline.example"},
        "recipient": {"code": "md-hotline", "country": "MD"},
        "items": [
            {
                "item": str(item.item),
                "url": item.url,
                "confirmed": True,
                "classification": "A1",
                "site_type": "imagehost",
                "reference": "SCART-991",
                "series": "S-17",
                "hashes": {"sha256": "ab" * 32},
                "hosting": {
                    "country": "DE",
                    "ip": "192.0.2.7",
                    "asn": 64501,
                    "as_name": "Example Hosting",
                    "hoster": "Example Hosting",
                    "front": None,
                    "observed_at": "2026-11-21T14:05:00Z",
                },
                "last_up_at": "2026-11-21T13:56:00Z",
                "orphan": True,
            }
        ],
    }
    assert json.loads(compose(replace(told, channel=Channel.EXCHANGE)).content) == document
    assert parts(by_mail)["application/vnd.ntd.forward+json"] == [document]
    assert rows(by_mail)[0]["reference"] == "SCART-991"
    assert "application/json" not in parts(by_mail)


def test_who_is_told_what_is_not_for_everybody() -> None:
    """A password goes to those who must see, a reference and a series to partners only."""
    item = line(1, access="open sesame", reference="SCART-991", series="S-17")
    told = {kind: text_of(message(item, kind=kind)) for kind in Kind}

    assert {kind for kind, text in told.items() if "open sesame" in text} == {
        Kind.FIRST,
        Kind.REMINDER,
        Kind.POLICE,
        Kind.FORWARD,
    }
    assert {kind for kind, text in told.items() if "SCART-991" in text or "S-17" in text} == {Kind.FORWARD}


@pytest.mark.parametrize(("length", "encoding"), [(LONGEST_LINE, "7bit"), (LONGEST_LINE + 1, "quoted-printable")])
def test_the_longest_line_that_goes_as_it_is(length: int, encoding: str) -> None:
    """A line of 998 octets goes as it is, one of 999 is encoded, and decodes to the same (RFC 5322, 2.1.1)."""
    url = "https://img.site.test/".ljust(length - 2, "x")
    told = message(line(1, url=url), recipient_country="US", deadline=None)
    text = next(iter(read(replace(told, kind=Kind.POLICE)).iter_parts()))

    assert isinstance(text, EmailMessage)
    assert f"  {url}" in text.get_content().splitlines()
    assert text["Content-Transfer-Encoding"] in {encoding, "quoted-printable"}
    assert max(map(len, compose(told).content.split(b"\r\n"))) <= LONGEST_LINE


def test_a_name_cannot_add_a_header() -> None:
    """Newlines in names and addresses end up as spaces: nobody writes headers but us."""
    evil = replace(SENDER, name="Evil\r\nBcc: x@y.test", mail_from="Evil\r\nBcc: x@y.test <a@hotline.example>")
    told = message(
        sender=evil, to="abuse@hoster.test\r\nBcc: x@y.test", hoster="H\nX-Evil: 1", references=("<a@b>\r\nX: y",)
    )
    mail = read(told)

    ours = "Date From To Subject Message-ID Reply-To In-Reply-To References Auto-Submitted MIME-Version Content-Type"
    assert sorted(mail.keys()) == sorted(ours.split())


def test_a_table_is_no_formula() -> None:
    """What a spreadsheet would run when it opens the CSV is disarmed."""
    (row,) = rows(message(line(1, hoster="=cmd()", as_name="+1", reason="@x")))

    assert (row["hoster"], row["as_name"], row["reason"]) == ("'=cmd()", "'+1", "'@x")


def test_names_beyond_ascii() -> None:
    """A name that is not ASCII is encoded in headers, and plain in the text."""
    told = message(sender=replace(SENDER, name="Línea", mail_from="Línea de ayuda <notices@hotline.example>"))
    mail = read(told)

    assert mail["From"].addresses[0].display_name == "Línea de ayuda"
    assert "We are Línea (NL)." in prose(told)
    assert compose(told).content.isascii()


def test_the_return_path() -> None:
    """Bounces come back to the VERP address where there is one, else to the sender."""
    assert return_path(message()) == "notices@hotline.example"
    assert return_path(message(bounce_address="bounces+t@hotline.example")) == "bounces+t@hotline.example"


@pytest.mark.parametrize(
    ("wish", "language"), [("de-AT", "de"), ("NL", "nl"), ("xx", "en"), ("", "en"), ("en_GB", "en")]
)
def test_the_language_that_serves_a_wish(wish: str, language: str) -> None:
    """A regional wish is served by its language, an unknown one by English."""
    assert SHIPPED.language_of(wish) == language


def test_a_dry_run_renders_what_would_have_gone() -> None:
    """For the folder a mailbox makes a mail and an endpoint a document."""
    assert compose(message(channel=Channel.FOLDER)) == compose(message())
    assert compose(message(channel=Channel.FOLDER, to="https://api.hoster.test")).content.startswith(b"{")


def test_a_web_form_gets_the_text() -> None:
    """For a hoster that only takes a web form the text alone is rendered, ready to be pasted."""
    rendered = compose(message(channel=Channel.FORM, to="https://hoster.test/abuse"))

    assert rendered.content.decode().startswith("Notice: child sexual abuse material")
    assert b"https://img.site.test/i/1.jpg" in rendered.content
