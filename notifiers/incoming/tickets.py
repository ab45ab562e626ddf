"""The number under which the other side keeps our notice: from the fields of ticket systems, the subject, the text."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from notifiers.incoming.mail import Mail
from notifiers.incoming.words import choice
from schemas.incoming import Ticket

#: What a number looks like: digits; letters and digits ("ABUSE-4711", "CS0012345", "ABC-123-45678", "1A2B3C:4D").
_NUMBER = (
    r"(?:[0-9A-F]{4,8}:[0-9A-F]{1,4}|[A-Za-z]\d{4,12}(?:[-/.]\d{1,12}){0,2}(?![\w/-])|[A-Za-z]{2,12}[-/]?\d{2,12}(?:[-/]\d{1,12}){0,2}(?![\w/-])"
    r"|[A-Za-z]{1,5}(?:-[A-Za-z0-9]{2,10}){1,3}(?:-\d)?|\d{2,8}(?:[/-]\d{2,10}){1,2}|\d[\d.-]{1,22}\d)"
)
#: `NOUN` and the like stand for the lists of data/incoming.toml, `N` for a number.
#: In brackets at the subject, as ticket systems know their own mail again.
_TAGS = (
    r"(?i)\[(?:[^\[\]#]{0,80}\s)?(?:NOUNSIGN\s?[:#=]?\s?)?#\s?(\d{1,23}|N)\]",
    r"(?i)\[NOUNSIGN\s?[:#=]{0,2}\s?#?(N)\]",
    r"[\[(]~?(?:JIRA\s?)?([A-Z][A-Z0-9]{1,11}(?:-[A-Z0-9]{1,12}){0,2}-\d{1,12})[\])]",
    r"\[~?([A-Z]{0,6}-?\d{4,20})~?\]",
    r"(?i)\((?:NOUNSIGN\s?[:#=]?\s?)#?(N)\)",
    r"(?i:\[NOUNSIGN\s?[:#=]\s?)([A-Z]{8,14})\]",
    r"\[#((?=[A-Z-]*\d)[A-Z0-9]{2,6}(?:-[A-Z0-9]{2,6}){1,3})\]",
)
#: In words, at the subject or in the text.
_WORDS = (
    r"(?i)(?<![A-Za-z0-9])NOUNSIGN\s?[:#=]{1,2}\s?[\[(\"'#]?#?(N)(?![\w@])",
    r"(?i)(?<![A-Za-z0-9])NOUN\s?(?:id|no\.?|nr\.?|num\.?|number|nummer|n[°º.]|n[uú]mero|numer|[cč]\.|[cč][ií]slo|номер|संख्या|क्रमांक|नंबर|№)\s?[:#=]?\s?[\[(\"']?#?(N)(?![\w@])",
    r"(?i)(?<![A-Za-z0-9])NOUN\s{0,2}[\[(]\s?#?(N)\s?[\])]",
    r"(?i)(?<![A-Za-z0-9])NOUN\s{1,2}(?=[A-Z]{0,5}-?(?:\d[/-]?){4})(N)(?![\w@]|[./-]\w)",
    r"^(?:\w{2,4}: ){0,3}([A-Z]{2,8}-?\d{4,12})(?![\w-])",
    r"(?<![\w&/])#\s?(\d{3,20}|[A-Z]{2,10}-?\d{2,12})(?![\w@])",
    r"(?<![\w/.@-])([A-Z][A-Z0-9]{1,9}-\d{1,10})(?![\w-])",
    r"(?i)(?<![A-Za-z0-9])NOUN\b(?:\s(?:BETWEEN)){1,6}:?\s{1,2}[\[(\"'#]?#?(?=[A-Z]{0,5}-?(?:\d[A-Z./-]?){3})(N)(?![\w@]|[./-]\w)",
)
#: In the address of a page about it.
_PAGE = re.compile(
    r"(?i)\bhttps?://[^\s<>\"']{3,200}?[/?&](?:tickets?|cases?|requests?|issues?|incidents?|browse)(?:/|=|/(?:view|show|id)/|\?id=)"
    r"(?:#|%23)?([A-Za-z]{0,12}-?\d{2,16})(?![\w-])"
)
_SYSTEM_FIELD = re.compile(
    r"(?:x-)?(?:rt|otrs|znuny|zammad|freshdesk|kayako|whmcs|jira|zendesk|hesk|osticket|abuse|case|ticket)[\w-]*"
)
_NUMBER_FIELD = re.compile(
    r"(?:ticket|case|issue|request|conversation|incident|abuse)(?:-?(?:id|key|no|nr|number|ref|reference))?$|number$"
)
_SYSTEMS = ("otrs", "znuny", "zammad", "zendesk", "freshdesk", "jira", "kayako", "rt ")
_RT = re.compile(r"\S{1,200} #(\d{1,12})")
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Letters and digits in groups ("R9K-2LM-8XYZ"), which are a number only where brackets and a "#" say so.
_GROUPS = re.compile(r"(?=[A-Z-]*\d)[A-Z0-9]{2,6}(?:-[A-Z0-9]{2,6}){1,3}")
#: No numbers of tickets: years, dates, addresses, telephones, standards and prefixes that look alike.
_NONE = re.compile(
    r"(?i)(?:19|20)\d\d|\d{4}[/-]\d\d?[/-]\d\d?|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}[/-]\d{1,2}|\d{1,3}(?:\.\d{1,3}){3}|[\d.]{1,3}"
    r"|\+?\d{2,4}-\d{2,4}-\d{2,6}(?:-\d+)?|(?:e-?mail|re|fwd?|on|be)-.*"
    r"|(?:utf|iso|sha|md|rfc|tls|x|as|ipv|http|css|cve|win|covid|us-ascii|koi|cp)-?\d.*"
)
_SUBJECT, _TEXT = 500, 4000


def ticket_of(mail: Mail, own: str) -> Ticket | None:
    """Find the number of a ticket; `own`: the text without its quotation."""
    subject = _subject(mail)
    if tag := next(_tags(subject), None):
        return tag
    text = _one_width(_UUID.sub(" ", own[:_TEXT]))
    for number in (*_fields(mail), *_worded(subject), *_worded(text), *_pages(own[:_TEXT])):
        return Ticket(number=number, tag=f"[{number}]" if number[0].isalpha() else f"[#{number}]")
    return None


def keeps_tickets(mail: Mail) -> bool:
    """Say whether a ticket system has sent it, whatever the number."""
    if any(_SYSTEM_FIELD.fullmatch(name) for name in mail.headers.names()) or any(_tags(_subject(mail))):
        return True
    programs = " ".join(mail.headers.get(name) for name in ("x-mailer", "user-agent", "managed-by")).lower()
    return any(name in programs for name in _SYSTEMS)


def _subject(mail: Mail) -> str:
    return _one_width(_UUID.sub(" ", mail.headers.get("subject"))[:_SUBJECT])


def _one_width(text: str) -> str:
    # In East Asian mail digits, colons and brackets are as wide as letters; "【" has no narrow form.
    return unicodedata.normalize("NFKC", text).translate({0x3010: "[", 0x3011: "]"})


def _tags(subject: str) -> Iterator[Ticket]:
    found = (match for pattern in _TAGS for match in _compiled(pattern).finditer(subject))
    return (Ticket(number=bare, tag=" ".join(one[0].split())) for one in found if (bare := _tagged(one)))


def _tagged(tag: re.Match[str]) -> str | None:
    # A short number is one where a "#" in brackets says so: "[#612]".
    return tag[1] if "#" in tag[0] and (tag[1].isdigit() or _GROUPS.fullmatch(tag[1])) else _bare(tag[1])


def _fields(mail: Mail) -> Iterator[str]:
    for name, value in mail.headers.fields:
        if _SYSTEM_FIELD.fullmatch(name):
            if found := _RT.fullmatch(value.strip()):
                yield found[1]
            elif _NUMBER_FIELD.search(name) and (number := _bare(value.strip().strip("[]#<>\"'"))):
                yield number


def _worded(text: str) -> Iterator[str]:
    found = (match[1] for pattern in _WORDS for match in _compiled(pattern).finditer(text))
    return (number for one in found if (number := _bare(one)))


def _pages(text: str) -> Iterator[str]:
    return (number for found in _PAGE.finditer(text) if (number := _bare(found[1])))


def _bare(text: str) -> str | None:
    number = text.strip("#.-: ")
    if re.fullmatch(r"[A-Z]{8,14}", number):
        return number
    if not re.fullmatch(_NUMBER, number) or _NONE.fullmatch(number) or not any(map(str.isdigit, number)):
        return None
    return number


@lru_cache(maxsize=32)
def _compiled(pattern: str) -> re.Pattern[str]:
    sign = rf"(?:\s{{0,2}}(?:{choice('ticket', 'sign')})\.?)?"
    whole = pattern.replace("NOUN", f"(?:{choice('ticket', 'noun')})").replace("SIGN", sign)
    numbered = whole.replace("(N)", f"({_NUMBER})").replace("|N)", f"|{_NUMBER})")
    return re.compile(numbered.replace("BETWEEN", choice("ticket", "between")))
