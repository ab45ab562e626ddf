"""The parts of reading mail, at their bounds."""

from typing import Any

import pytest

from notifiers.incoming.hidden import without_files
from notifiers.incoming.mail import LONGEST_TEXT, MOST_HEADERS, MOST_PARTS, decoded, read_headers, read_mail
from notifiers.incoming.markup import lines_of
from notifiers.incoming.quotation import split, without_signature
from notifiers.incoming.reading import LONGEST_KEPT, read
from notifiers.incoming.suggestion import guessed, languages_of, said
from notifiers.incoming.words import plain
from schemas.incoming import Came, Ours, Suggestion
from tests.fakes.incoming_mail import ITEMS, NOTICE, OURS, reply

MESSAGE_ID = f"<{NOTICE}@hotline.example>"
TOKEN = NOTICE.hex


def test_a_mail_is_taken_apart() -> None:
    """Fields are unfolded and decoded, parts found whatever their depth, line ends and mailbox lines make no odds."""
    raw = (
        b"From sender@x Mon Nov  2 12:00:00 2026\r\nSubject: =?utf-8?Q?H=C3=A9?=\r\n =?utf-8?Q?llo?=\r\n"
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\npreamble\r\n--a\r\n'
        b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\n\r\none\r\n--b\r\n'
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+dHdvPC9iPg==\r\n--b--\r\n--a--\r\n"
    )
    mail = read_mail(raw)

    assert mail.headers.get("subject") == "Héllo"
    assert [(part.type, part.alternative, part.text().strip()) for part in mail.parts] == [
        ("text/plain", True, "one"),
        ("text/html", True, "<b>two</b>"),
    ]


def test_a_mail_without_a_body_and_a_body_without_a_header_are_read() -> None:
    """What is missing is empty."""
    assert read_mail(b"Subject: x").headers.get("subject") == "x"
    assert read_mail(b"\n\nhello").parts[0].text() == "hello"
    assert read_mail(b"").parts[0].text() == ""
    assert read_mail(b"Subject: x\nno field at all\nhello\n\nmore").parts[0].text() == "no field at all\nhello\n\nmore"


def test_a_boundary_that_is_not_told_is_guessed() -> None:
    """A part cut short goes as far as it goes; with no boundary at all the body is one part."""
    told = read_mail(b"Content-Type: multipart/mixed; boundary=other\n\n--real\n\none\n--real\n\ntwo")
    none = read_mail(b"Content-Type: multipart/mixed\n\njust text")

    assert [part.text() for part in told.parts] == ["one", "two"]
    assert [part.type for part in none.parts] == ["multipart/mixed"]


def test_everything_has_a_bound() -> None:
    """Fields, parts, depth and text: one past the bound is left away."""
    fields = read_headers("\n".join(f"X-{n}: {n}" for n in range(MOST_HEADERS + 1)))
    parts = read_mail(b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * (MOST_PARTS + 50))
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000))
    nested = read_mail(b"Content-Type: message/rfc822\n\n" * 500)

    assert len(fields.fields) == MOST_HEADERS
    assert len(parts.parts) == MOST_PARTS
    assert read_mail(deep).parts == []
    assert len(nested.parts) == 8
    assert len(read_mail(b"\n" + b"x" * 200_000).parts[0].text()) == LONGEST_TEXT
    assert len(read(reply(MESSAGE_ID, "word " * 9000), OURS).text) == LONGEST_KEPT


@pytest.mark.parametrize(
    ("charset", "data", "text"),
    [
        ("utf-8", b"\xc3\xa9", "é"),
        ("iso-8859-1", b"\xe9", "é"),
        ("no-such-thing", b"\xc3\xa9", "é"),
        ("punycode", b"abc-", "abc-"),
        ("us-ascii", b"gel\xf6scht", "gelöscht"),
        ("utf-8", b"gel\xf6scht \x96 \x80", "gelöscht – €"),
        ("us-ascii", b"gel\xc3\xb6scht", "gelöscht"),
        ("utf-8", b"\xc3\xb6\xc3\xb6 \xc3", "öö \N{REPLACEMENT CHARACTER}"),
        ("us-ascii", b"\xc3\xb6\xc3\xb6 \xc3", "öö \N{REPLACEMENT CHARACTER}"),
        ("", b"\xe9", "é"),
    ],
)
def test_a_charset_that_lies_costs_no_more_than_its_letters(charset: str, data: bytes, text: str) -> None:
    """Unknown charsets, and codecs that are none, are read as UTF-8, else as the eight bits that they are."""
    head = f"Content-Type: text/plain; charset={charset}\n\n".encode() if charset else b"\n"
    assert read_mail(head + data).parts[0].text() == text


@pytest.mark.parametrize(
    ("encoded", "text"),
    [(b"aGVsbG8=", "hello"), (b"aGVsbG8", "hello"), (b"aGVs\nbG8gd29ybGQ=x", "hello world"), (b"a", "")],
)
def test_base64_that_is_damaged_is_read_as_far_as_it_goes(encoded: bytes, text: str) -> None:
    """Missing padding and foreign characters stop nothing."""
    assert read_mail(b"Content-Transfer-Encoding: base64\n\n" + encoded).parts[0].text().startswith(text)


def test_encoded_words_that_are_damaged_stay_as_they_are() -> None:
    """A subject is shown, not lost."""
    assert decoded("=?utf-8?B?aGVsbG8=?= you") == "hello you"
    assert decoded("=?utf-8?B?a?=") == "=?utf-8?B?a?="
    assert decoded("=?no-such?Q?=E9?=") == "é"


def test_markup_becomes_lines_and_what_is_hidden_is_dropped() -> None:
    """Paragraphs are lines, quotations are marked, scripts and comments say nothing."""
    markup = (
        "<head><title>x</title></head><p>Hello,<br>gone&nbsp;now</p><!-- secret --><script>alert(1)</script>"
        '<blockquote>old<blockquote>older</blockquote></blockquote><div class="gmail_quote">quoted below</div>'
    )
    assert lines_of(markup) == ("Hello,\ngone now\n\n> old\n> > older\n\n-----Original Message-----\nquoted below")
    assert lines_of("shown<style>p { color: red }") == "shown"
    assert lines_of("a<!-- b") == "a"


def test_files_hidden_in_a_text_are_left_out() -> None:
    """Data URLs, uuencoded files and bare base64: none of it is kept; a key that somebody quotes is."""
    line = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhf\n"
    uu = "begin 644 a.jpg\nM_]C_X``02D9)1@`!`0$`8`!@\n`\nend"

    assert without_files(f"see\n{line * 6}iVBO\nthanks") == ("see\n[left out]\nthanks", True)
    assert without_files(f"see\n{uu}\nthanks") == ("see\n[left out]\nthanks", True)
    assert without_files("see\nbegin 644 a.jpg\nnever ended") == ("see\n[left out]", True)
    assert without_files("see data:image/png;base64,AAAA") == ("see [left out]", True)
    assert without_files(line * 3) == (line * 3, False)
    assert without_files("") == ("", False)


QUOTATIONS = [
    ("gone\n\n> Please remove", "gone", "> Please remove"),
    ("> Please remove\n\ngone", "gone", "> Please remove"),
    ("gone\n\nAm 2.11.2026 um 12:00 schrieb Hotline:\n\nPlease remove", "gone", "schrieb Hotline:\n\nPlease remove"),
    ("gone\n\nOn Monday, Hotline wrote:\n> Please remove\nthat is all", "gone\n\nthat is all", "> Please remove"),
    ("gone\n\nFrom: Hotline\nSent: Monday\nTo: abuse\nSubject: x\n\nPlease remove", "gone", "From: Hotline"),
    ("gone\n-----Original Message-----\nPlease remove", "gone", "Please remove"),
    (
        f"gone\n\nNotice: x\n\nNotice: {NOTICE}\nWritten: y\n\n{'-' * 72}\nItems\n\nItem {ITEMS[0]}\n",
        "gone",
        str(ITEMS[0]),
    ),
    ("From: me\nwe removed it", "From: me\nwe removed it", ""),
]


@pytest.mark.parametrize(("text", "own", "quoted"), QUOTATIONS)
def test_what_somebody_wrote_is_told_from_what_they_quoted(text: str, own: str, quoted: str) -> None:
    """Marked lines, and a mail quoted whole below an attribution, a header, a rule, or as our letter itself."""
    words = split(text)

    assert words.own == own
    assert quoted in words.quoted


def test_what_stands_below_a_signature_says_nothing() -> None:
    """RFC 3676: two hyphens and a space alone on a line."""
    assert without_signature("gone\n-- \nWe never remove anything Ltd") == "gone"
    assert said("Thank you.\n-- \nAll abuse is removed within an hour") is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("We relayed it to our client.\n\nKind regards,\nAlways removed at once Ltd", Suggestion.PASSED_ON),
        (
            "Weitergeleitet.\n\nDiese E-Mail ist vertraulich. Sind Sie nicht der Adressat, löschen Sie sie.",
            Suggestion.PASSED_ON,
        ),
        ("Kind regards", None),
        ("Confidential: we removed the files.", Suggestion.REMOVED),
    ],
)
def test_closings_and_disclaimers_say_nothing(text: str, meant: Suggestion | None) -> None:
    """What stands below "Kind regards", and for whom a mail is meant, is not what its author answers."""
    assert said(text) is meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Nothing has been deleted yet.", None),
        ("Gelöscht wurde bisher nichts.", None),
        ("Mañana eliminaremos el contenido.", None),
        ("Завтра удалим.", None),
        ("Jutro usuniemy te treści.", None),
        ("İçeriği yarın kaldıracağız.", None),
        ("明日削除する予定です。", None),
        ("Once the customer has been informed we will write again.", None),
        ("Without a court order we will not remove anything.", Suggestion.ASKS_MORE),
        ("Your report has not been passed on to the customer yet.", None),
        ("Wurde noch nicht an den Kunden weitergeleitet.", None),
        ("Has it been removed on your side?", Suggestion.ASKS_MORE),
        ("Did you forward it to our customer?", Suggestion.ASKS_MORE),
        ("We removed his access to billing, the site is still online.", None),
        ("We do not dispute that it is illegal.", None),
        ("Das ist nicht illegal.", Suggestion.DISPUTED),
        ("No further information is needed.", None),
        ("Could we have two more days?", None),
        ("We told the client and suspend it if they take no action.", Suggestion.PASSED_ON),
        ("La IP ya no es nuestra, fue transferida a otro operador.", Suggestion.NOT_OURS),
    ],
)
def test_what_is_still_to_be_done_is_no_suggestion(text: str, meant: Suggestion | None) -> None:
    """Future, negation behind the verb, and conditions, in languages that say them by endings too."""
    assert (said(text) or guessed(text)) is meant


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("Контент видалено, обліковий запис заблоковано", {"uk"}),
        ("已删除", {"zh", "ja"}),
        ("삭제했습니다", {"ko"}),
        ("Removed. 削除しました", {"ja"}),
        ("", set()),
    ],
)
def test_letters_tell_languages_too(text: str, among: set[str]) -> None:
    """By script first, then by the commonest words, in short texts by the other words that we know."""
    assert among <= set(languages_of(plain(text), text.lower()))
    assert len(languages_of(plain(text), text.lower())) <= 8 or not text


def test_texts_are_compared_without_case_and_accents() -> None:
    """Letters are what they look like to somebody who has no accents on the keyboard."""
    assert plain("Łódź, ÜBER größe’s “ñ”") == 'lodz, uber grosse\'s "n"'
    assert set(languages_of(plain("Wir haben die Inhalte von dem Server entfernt"), "")) == {"de"}
    assert {"en", "de", "vi"} < set(languages_of("xyz", ""))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("We have not removed it.", None),
        ("Once it has been removed we will write again.", None),
        ("It will be removed tomorrow.", None),
        ("If it is no longer available, tell us.", None),
        ("Please note that the page was taken down.", Suggestion.REMOVED),
        ("We forwarded it to our customer, who has removed it.", Suggestion.REMOVED),
        ("Nous ne l'avons pas supprimé.", None),
        ("Wurde noch nicht gelöscht.", None),
        ("Мы ещё не удалили файлы.", None),
    ],
)
def test_what_was_not_done_is_not_done(text: str, meant: Suggestion | None) -> None:
    """A "not", a "will" or an "if" takes "removed" back."""
    assert said(text) is meant


def test_single_words_are_a_guess_and_no_more() -> None:
    """Where nobody uses a phrase that we know."""
    assert said("Nuked.") is Suggestion.REMOVED
    assert said("Emptied that bucket.") is None
    assert guessed("Emptied that bucket.") is Suggestion.REMOVED
    assert guessed("And now?") is Suggestion.ASKS_MORE
    assert guessed("Hello there") is None


def named(raw: bytes, ours: Ours = OURS) -> Any:
    """Give what a message names."""
    return read(raw, ours).named


@pytest.mark.parametrize(
    ("bounces", "address"),
    [
        ("bounces+TOKEN@hotline.example", f"bounces+{TOKEN}@hotline.example"),
        ("bounces@hotline.example", f"bounces+{TOKEN}@hotline.example"),
        ("TOKEN@b.hotline.example", f"{TOKEN.upper()}@b.hotline.example"),
        ("bounces+TOKEN@hotline.example", f"SRS0=ab=cd=hotline.example=bounces+{TOKEN}@relay.example"),
        ("bounces+TOKEN@hotline.example", f"prvs=1234=bounces+{TOKEN}@hotline.example"),
    ],
)
def test_our_return_path_names_its_notice(bounces: str, address: str) -> None:
    """Also where a forwarder has rewritten it; the domain alone is no token."""
    raw = f"To: {address}\nFrom: MAILER-DAEMON@x.example\n\nundeliverable".encode()

    assert named(raw, Ours(domain="hotline.example", bounce_address=bounces)).tokens == (NOTICE,)
    assert named(raw, Ours(domain="hotline.example")).tokens == ()


def test_a_thread_names_the_newest_first() -> None:
    """In-Reply-To is what is answered; of References the last is the newest; others' Message-IDs are not ours."""
    other = ITEMS[0]
    raw = f"From: a@b.example\nReferences: <{other}@hotline.example>\n {MESSAGE_ID} <x@b.example>\n\nhi".encode()
    foreign = b"From: a@b.example\nIn-Reply-To: <x@b.example>\n\nhi"

    assert named(raw).messages == (NOTICE, other)
    assert (named(foreign).foreign, named(foreign).anything) == (True, False)
    assert (named(raw).foreign, named(b"\nhi").foreign) == (False, False)


def test_items_are_named_by_id_and_by_url() -> None:
    """In any case of letters, defanged or with a full stop behind; what is quoted is quoted."""
    found = named(reply(MESSAGE_ID, f"{str(ITEMS[0]).upper()} hxxp[:]//img[.]one.test/i/1.jpg.\n> {ITEMS[1]}"))

    assert found.spoken == (ITEMS[0],)
    assert found.quoted == (ITEMS[1],)
    assert found.urls == ("http://img.one.test/i/1.jpg",)


@pytest.mark.parametrize(
    ("subject", "text", "number", "tag"),
    [
        ("[hoster.example #482113] Re: x", "", "482113", "[hoster.example #482113]"),
        ("[Ticket#2026112010000123] x", "", "2026112010000123", "[Ticket#2026112010000123]"),
        ("Re: (ABUSE-4711) x", "", "ABUSE-4711", "(ABUSE-4711)"),
        ("Re: [#612] x", "", "612", "[#612]"),
        ("Uw melding (M2611-0471)", "", "M2611-0471", "(M2611-0471)"),
        ("【受付】お問い合わせ", "受付番号：20261122-0071", "20261122-0071", "[#20261122-0071]"),
        ("x", "Your case number is 99120033.", "99120033", "[#99120033]"),
        ("x", "Enregistré sous la référence FR20261122-0091.", "FR20261122-0091", "[FR20261122-0091]"),
        ("Hemos recibido su denuncia [ES-2026-00417]", "", "ES-2026-00417", "[ES-2026-00417]"),
        ("x", "Talebiniz TR2026/4711 numarası ile kaydedildi.", "TR2026/4711", "[TR2026/4711]"),
        ("x", "See https://hoster.example/helpdesk/tickets/91234 for more.", "91234", "[#91234]"),
        ("x", "See https://hoster.example/issues?id=2026 for more.", None, None),
        ("x", "We answer 24/7, since 22/11/2026.", None, None),
        ("ABUSE-4711 x", "", "ABUSE-4711", "[ABUSE-4711]"),
        ("x", "Call us at +31-20-5551234, in 2026, from 192.0.2.1.", None, None),
        (f"Re: Notice [{NOTICE}]", f"about {NOTICE}", None, None),
    ],
)
def test_tickets_are_bare_and_their_tags_as_written(
    subject: str, text: str, number: str | None, tag: str | None
) -> None:
    """Years, addresses, telephones and our own numbers are no tickets."""
    ticket = read(reply(MESSAGE_ID, text, subject=subject), OURS).ticket

    assert (ticket and ticket.number, ticket and ticket.tag) == (number, tag)


def test_tickets_stand_in_fields_too() -> None:
    """RT, Zammad and the like say the number beside the subject."""
    rt = read(reply(MESSAGE_ID, "hi", extra="RT-Ticket: hoster.example #5512\n"), OURS)
    zammad = read(reply(MESSAGE_ID, "hi", extra="X-Zammad-Ticket-Number: 61042\n"), OURS)
    account = read(reply(MESSAGE_ID, "hi", extra="X-Zendesk-From-Account-Id: 47110\n"), OURS)
    none = read(reply(MESSAGE_ID, "hi", extra="X-Abuse-Contact: abuse@x.example\nX-Ticket-Id: none\n"), OURS)

    assert [one.ticket and one.ticket.number for one in (rt, zammad, none, account)] == ["5512", "61042", None, None]


DSN = "Final-Recipient: rfc822; a@x.example\nAction: delivered\nStatus: 2.0.0\n{}Final-Recipient: rfc822; b@x.example\n"


@pytest.mark.parametrize("between", ["", "\n"])
def test_of_several_recipients_the_worst_counts(between: str) -> None:
    """With or without the empty line between them; a status alone says the action."""
    fields = DSN.format(between) + "Status: 5.1.1\n"
    raw = f"From: MAILER-DAEMON@x.example\nContent-Type: message/delivery-status\n\n{fields}".encode()
    came = read(raw, OURS)

    assert (came.kind, came.status, came.recipients) == (Came.BOUNCE, "5.1.1", ("b@x.example",))


@pytest.mark.parametrize(
    ("text", "kind", "permanent", "status"),
    [
        ("Your message could not be delivered: user unknown", Came.BOUNCE, True, None),
        ("Your message could not be delivered: mailbox full", Came.BOUNCE, False, None),
        ("Your message could not be delivered: 452 later", Came.BOUNCE, False, None),
        ("Your message could not be delivered: 550 no", Came.BOUNCE, True, None),
        ("Message delivery is delayed, we will keep trying (5.4.7 expired)", Came.BOUNCE, True, "5.4.7"),
        ("zzz 550 5.1.1 zzz", Came.BOUNCE, True, "5.1.1"),
        ("This is a return receipt for your mail, it was displayed on Monday", Came.DELIVERED, None, None),
    ],
)
def test_prose_is_read_where_there_are_no_fields(
    text: str, kind: Came, permanent: bool | None, status: str | None
) -> None:
    """By status, else by reply code, else by wording."""
    came = read(f"From: MAILER-DAEMON@x.example\nSubject: x\n\n{text}".encode(), OURS)

    assert (came.kind, came.permanent, came.status) == (kind, permanent, status)


def test_a_person_who_writes_of_a_bounce_is_a_person() -> None:
    """Only who is a mail system, or says so at the subject and in the text, reports."""
    came = read(
        reply(MESSAGE_ID, "Your mail to my colleague could not be delivered, user unknown. What is it about?"), OURS
    )
    postmaster = read(
        b"From: postmaster@x.example\n" + reply(MESSAGE_ID, "It shows 404 now.").partition(b"\n")[2], OURS
    )

    assert came.kind is Came.ANSWER
    assert (postmaster.kind, postmaster.suggestion) == (Came.ANSWER, Suggestion.REMOVED)


def test_our_own_mail_is_nobodys_answer() -> None:
    """What comes from our own address, or reports on domains, is unrelated."""
    own = b"From: Hotline <notices@hotline.example>\nIn-Reply-To: " + MESSAGE_ID.encode() + b"\n\nremoved"
    report = b'Content-Type: multipart/report; report-type=feedback-report; boundary="x"\n\n--x\n\nspam\n--x--\n'

    assert read(own, OURS).kind is Came.UNRELATED
    assert read(report, OURS).kind is Came.UNRELATED


@pytest.mark.parametrize(
    ("text", "extra", "kind"),
    [
        ("Hello.", "Auto-Submitted: auto-replied\n", Came.AUTO_REPLY),
        ("Hello.", "Precedence: auto_reply\n", Came.AUTO_REPLY),
        ("Hello.", "X-Autoreply: yes\n", Came.AUTO_REPLY),
        ("Hello.", "Delivered-To: autoresponder\n", Came.AUTO_REPLY),
        ("Hello.", "X-POST-MessageClass: 9; Autoresponder\n", Came.AUTO_REPLY),
        ("Hello.", "Auto-Submitted: auto-generated\n", Came.AUTO_REPLY),
        ("Hello.", "Auto-Submitted: no\n", Came.ANSWER),
        ("Hello.", "Precedence: bulk\n", Came.ANSWER),
        ("This is an automated message.", "", Came.AUTO_REPLY),
        ("This is an automated message: the content was removed.", "", Came.ANSWER),
        ("We have received your report.", "", Came.AUTO_REPLY),
        ("We have received your report and removed the content.", "", Came.ANSWER),
        ("I am out of the office until Monday.", "", Came.AUTO_REPLY),
        ("We are looking into this and will get back to you shortly.", "", Came.ANSWER),
        ("We will get back to you shortly.", "Auto-Submitted: auto-generated\n", Came.AUTO_REPLY),
        ("It is being held until the list moderator can review it for approval.", "", Came.AUTO_REPLY),
        ("Clique aqui e confirme que você não é um robô.", "", Came.AUTO_REPLY),
        ("I protect my mailbox from junk. Click the link so I can receive your mail.", "", Came.AUTO_REPLY),
        ("I was out of the office; we have removed it.", "", Came.ANSWER),
    ],
)
def test_machines_are_told_from_people(text: str, extra: str, kind: Came) -> None:
    """By RFC 3834, by the fields of before it, else by wording; what was decided is a person's."""
    assert read(reply(MESSAGE_ID, text, extra=extra), OURS).kind is kind


def test_a_copy_of_our_letter_without_a_word_is_nobodys_answer() -> None:
    """A complaint loop sends back what it got; whoever writes a word with it is somebody."""
    head = 'From: a@b.example\nContent-Type: multipart/mixed; boundary="m"'
    mixed = f"{head}\n\n--m\n\n{{}}\n--m\nContent-Type: message/rfc822\n\nMessage-ID: {MESSAGE_ID}\n\nx\n--m--"
    foreign = mixed.replace(MESSAGE_ID, "<x@b.example>").format("")

    assert read(mixed.format("").encode(), OURS).kind is Came.AUTO_REPLY
    assert read(mixed.format("Gone.").encode(), OURS).kind is Came.ANSWER
    assert read(foreign.encode(), OURS).kind is Came.UNRELATED


def test_a_signature_is_no_attachment() -> None:
    """What proves who wrote is dropped without a word; everything else that is no text is noted."""
    mixed = 'Content-Type: multipart/mixed; boundary="m"\n\n--m\n\nremoved\n\n--m\nContent-Type: {}\n\nx\n--m--'
    head = f"From: a@one.example\nIn-Reply-To: {MESSAGE_ID}\n"
    noted = {
        kind: read(f"{head}{mixed.format(kind)}".encode(), OURS).had_attachment
        for kind in ("application/pgp-signature", "application/pdf", "message/rfc822", "text/calendar", "text/html")
    }

    assert noted == {
        "application/pgp-signature": False,
        "application/pdf": True,
        "message/rfc822": True,
        "text/calendar": True,
        "text/html": False,
    }
