"""How the lab's people read their mail."""

import json
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from ntd.lab.ledger import key_of
from ntd.lab.letter import read_letter

URL = "http://img.pictures.test:8080/i/1.jpg"


def mail(text: str = f"Please remove:\n{URL}\n") -> EmailMessage:
    """Begin a mail that keeps to every promise."""
    made = EmailMessage()
    made["Message-ID"], made["Auto-Submitted"], made["Subject"] = "<1@hotline.example>", "auto-generated", "1 item"
    made.set_content(text)
    made.make_mixed(boundary="lab")
    return made


def table(made: EmailMessage) -> EmailMessage:
    """Put the table of items in."""
    made.add_attachment(f"item,url\n0193,{URL}\n", subtype="csv", filename="items.csv")
    return made


def document(made: EmailMessage, content: bytes) -> EmailMessage:
    """Put a JSON document in."""
    made.add_attachment(content, "application", "json", filename="one.json")
    return made


def test_the_table_names_the_items_and_xarf_repeats_them() -> None:
    """A digest is read from its CSV; its XARF parts are counted beside it."""
    xarf = json.dumps({"xarf_version": "4.2.0", "url": URL}).encode()
    letter = read_letter(document(table(mail()), xarf).as_bytes(policy=SMTP))

    assert letter.items == {"0193": URL}
    assert letter.xarf == (URL,)
    assert letter.faults == ()


def test_one_xarf_report_names_its_item_without_a_table() -> None:
    """A machine-readable mail has no CSV: the report itself names the URL."""
    letter = read_letter(
        document(mail("One report.\n"), json.dumps({"xarf_version": "4", "url": URL}).encode()).as_bytes()
    )

    assert list(letter.items.values()) == [URL]


def test_a_forward_by_mail_names_its_items() -> None:
    """Partners read the exchange document."""
    forward = {"schema": "ntd/forward/1", "items": [{"item": "0193", "url": URL}]}

    assert read_letter(document(mail(), json.dumps(forward).encode()).as_bytes()).items == {"0193": URL}


def test_what_is_promised_and_not_kept_is_a_fault() -> None:
    """No identity, no mark of a machine, content aboard, a URL broken over two lines."""
    bad = mail(f"Please remove:\n{URL[:20]}\n{URL[20:]}\n")
    del bad["Message-ID"], bad["Auto-Submitted"]
    bad.add_attachment(b"\xff\xd8", "image", "jpeg", filename="1.jpg")
    letter = read_letter(table(bad).as_bytes(policy=SMTP))

    assert len(letter.faults) == 4
    assert "carries content" in letter.faults


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"Content-Type: application/json\r\n\r\n{"])
def test_whatever_comes_can_be_read(content: bytes) -> None:
    """Nonsense has no items and many faults, and raises nothing."""
    letter = read_letter(content)

    assert letter.items == {}
    assert letter.faults


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://A.test:80/x?y=1", ("a.test", "/x?y=1")),
        ("http://[::1]:80/", ("[::1]", "/")),
        ("http://[::1]/x", ("[::1]", "/x")),
        ("https://a.test", ("a.test", "/")),
    ],
)
def test_a_page_is_known_by_host_and_path(url: str, key: tuple[str, str]) -> None:
    """The port, which differs from run to run, is no part of it."""
    assert key_of(url) == key
