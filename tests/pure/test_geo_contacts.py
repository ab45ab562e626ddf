"""Who is told: the order of the rules, and what is never told."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.book import Book, BookKind, read_book
from geo.contacts import LARGEST, Facts, Rules, choose, ladder_contact, registrar_contacts
from geo.entities import RegisteredContact
from geo.mailbox import Never
from geo.matching import Match, Matching, Subject
from geo.platforms import Platforms
from geo.rulebook import hoster_rules, shipped_never
from schemas.hosting import Contact, SharedHost
from schemas.settings import HosterRule

SUBJECT = Subject(host="img.site.test", site="site.test", address=ip_address("198.51.100.7"), asn=64501)
PLATFORMS = Platforms.read(
    [
        "name,kind,hosts,cnames,contacts,source,checked,date",
        "Blogs,blog,blogs.test,sites.blogs.test,abuse@blogs.test https://blogs.test/abuse,https://blogs.test/,page,2026-11-22",
        "Nameless,cloud_drive,drive.test,,,https://drive.test/,kind,2026-11-22",
    ]
)
HEADER = "match,kind,address,format,language,note"


def book(*rows: str) -> Book:
    """Make a book of rows."""
    return read_book([HEADER, *rows], "book.csv")


def rules(*hosters: HosterRule, rows: tuple[str, ...] = (), never: frozenset[str] = frozenset()) -> Rules:
    """Make the rules."""
    return Rules(hosters=hoster_rules(hosters), book=book(*rows), never=Never(domains=never), platforms=PLATFORMS)


def mail(address: str, depth: int = 1) -> RegisteredContact:
    """Make an abuse contact of a registration."""
    return RegisteredContact(address=address, handle="H-1", roles=("abuse",), depth=depth, labelled=False)


def told(rules: Rules, *, front: bool = False, **facts: object) -> list[str]:
    """Give the addresses in order of choice."""
    fact = Facts(subject=SUBJECT, **facts)  # type: ignore[arg-type]
    return [contact.address for contact in choose([fact], rules, front=front)]


def test_a_rule_about_an_as_is_about_every_network_that_it_announces() -> None:
    """Of a network with three origins the rule about the leading one goes first, then by number; a veto counts too."""
    subject = replace(SUBJECT, origins=(64500, 64501, 64502))
    hosters = [HosterRule(match=f"as{asn}", email=f"a{asn}@a.test") for asn in (64502, 64500, 64501, 64503)]
    laid_down = rules(*hosters, rows=("as64502,abuse,book@a.test,,,", "as64500,never,book@a.test,,,"))

    found = choose([Facts(subject=subject)], laid_down)
    alone = choose([Facts(subject=SUBJECT)], laid_down)

    assert [contact.address for contact in found] == ["a64501@a.test", "a64500@a.test", "a64502@a.test"]
    assert found[1].rule == "[[hoster]] for AS64500: the operator's own word"
    assert [contact.address for contact in alone] == ["a64501@a.test"]


def test_the_order_is_configuration_book_platform_registration_file_as() -> None:
    """All six sources speak: all candidates come, the strongest first, each saying why."""
    fact = Facts(
        subject=SUBJECT,
        platform=PLATFORMS.by_host["blogs.test"],
        registered=(mail("rdap@alpha.test"),),
        file_mailbox="file@alpha.test",
        file_name="nets.csv",
        system=(mail("as@alpha.test"),),
    )
    contacts = choose(
        [fact],
        rules(HosterRule(match="as64501", email="config@alpha.test"), rows=("as64501,abuse,book@alpha.test,,,",)),
    )

    assert [(contact.address.partition("@")[0], contact.source) for contact in contacts] == [
        ("config", "config"),
        ("book", "contacts"),
        ("abuse", "platform"),
        ("https://blogs.test/abuse", "platform"),
        ("rdap", "rdap"),
        ("file", "network file"),
        ("as", "rdap autnum"),
    ]
    assert [contact.rule for contact in contacts] == [
        "[[hoster]] for AS64501: the operator's own word",
        "book.csv, line 2: abuse contact for AS64501",
        "platforms.csv (2026-11-22, on its own page): blog Blogs, https://blogs.test/",
        "platforms.csv (2026-11-22, on its own page): blog Blogs, https://blogs.test/",
        "registration of the network: abuse role of H-1",
        "abuse_email of the longest prefix in nets.csv",
        "registration of AS64501: abuse role of H-1",
    ]


@pytest.mark.parametrize("source", ["config", "book"])
def test_the_nearest_match_wins_whatever_the_order_of_the_rows(source: str) -> None:
    """Exact host, then site, then the longest network, then the AS."""
    matches = ["as64501", "198.51.0.0/16", "site.test", "198.51.100.0/24", "img.site.test", "other.test", "as64502"]
    named = [(match, f"{number}@a.test") for number, match in enumerate(matches)]
    if source == "config":
        laid_down = rules(*(HosterRule(match=match, email=address) for match, address in named))
    else:
        laid_down = rules(rows=tuple(f"{match},abuse,{address},,," for match, address in named))

    assert told(laid_down) == ["4@a.test", "2@a.test", "3@a.test", "1@a.test", "0@a.test"]


def test_an_api_comes_before_the_mailbox_of_its_rule_and_a_form_instead() -> None:
    """The mailbox is for the day the API fails; who only takes a form gets a form first."""
    api = choose([Facts(subject=SUBJECT)], rules(HosterRule(match="as64501", api="https://api.test", email="a@b.test")))
    form = choose(
        [Facts(subject=SUBJECT)], rules(HosterRule(match="as64501", form="https://f.test/x", email="a@b.test"))
    )

    assert [(contact.channel, contact.address) for contact in api] == [
        ("api", "https://api.test"),
        ("mail", "a@b.test"),
    ]
    assert [contact.channel for contact in form] == ["form", "mail"]


def test_how_a_hoster_wants_to_be_told_holds_for_every_address_of_it() -> None:
    """Format, grouping and language of its rule go with contacts found elsewhere; a row's own word goes first."""
    laid_down = rules(
        HosterRule(match="as64501", format="xarf", group="ip", language="de"),
        rows=("as64501,abuse,b@a.test,digest,nl,",),
    )
    of_book, of_rdap = choose([Facts(subject=SUBJECT, registered=(mail("r@a.test"),))], laid_down)

    assert (of_book.format, of_book.group, of_book.language) == ("digest", "ip", "nl")
    assert (of_rdap.format, of_rdap.group, of_rdap.language) == ("xarf", "ip", "de")


def test_registries_and_ourselves_are_never_told_by_what_was_found_out() -> None:
    """A registry's mailbox in an answer is not the hoster's; what the operator wrote himself stands."""
    never = frozenset({"registry.test", "hotline.test"})
    found: dict[str, Any] = {
        "registered": (mail("abuse@db.registry.test"), mail("a@a.test")),
        "file_mailbox": "us@hotline.test",
    }
    typed = rules(HosterRule(match="as64501", email="trial@hotline.test"), never=never)

    assert told(rules(never=never), **found) == ["a@a.test"]
    assert told(typed, **found) == ["trial@hotline.test", "a@a.test"]


@pytest.mark.parametrize(
    ("row", "left"),
    [
        ("as64501,never,R@A.test,,,", ["c@c.test"]),
        ("as64502,never,r@a.test,,,", ["r@a.test", "c@c.test"]),
        ("*,never,a.test,,,", ["c@c.test"]),
        (",never,c@c.test,,,", ["r@a.test"]),
        ("site.test,never,,,,", []),
        ("a.test,never,,,,", ["c@c.test"]),
        ("198.51.100.0/24,never,,,,", []),
    ],
)
def test_a_never_row_strikes_whatever_the_source(row: str, left: list[str]) -> None:
    """A mailbox, a domain, everybody of a place, every mailbox at a name; the configuration is struck too."""
    laid_down = rules(HosterRule(match="as64501", email="c@c.test"), rows=(row,))

    assert sorted(told(laid_down, registered=(mail("r@a.test"),))) == sorted(left)


def test_a_front_is_told_at_its_front_desk_first() -> None:
    """Kind front comes before kind abuse for a front, and is nobody's business elsewhere."""
    laid_down = rules(rows=("as64501,abuse,abuse@a.test,,,", "as64501,front,front@a.test,,,"))

    assert told(laid_down, front=True) == ["front@a.test", "abuse@a.test"]
    assert told(laid_down) == ["abuse@a.test"]


@given(st.permutations(range(12)))
def test_the_order_of_facts_inside_a_place_decides_nothing_but_ties(order: list[int]) -> None:
    """Strength goes before the address it came from, each address is named once, and there is an end."""
    facts = [
        Facts(
            subject=Subject(host="h.test", site="h.test", address=ip_address(f"198.51.100.{number}"), asn=64501),
            registered=(mail(f"r{number}@a.test"), mail("same@a.test")),
            file_mailbox="f@a.test",
        )
        for number in order
    ]
    contacts = choose(facts, rules(HosterRule(match="198.51.100.5", email="host@a.test")))

    assert contacts[0].address == "host@a.test"
    assert len(contacts) == len({contact.address for contact in contacts}) == LARGEST


def test_the_ladder_asks_the_book_and_then_the_registration_of_the_domain() -> None:
    """Site, upstream and registrar are the operator's rows; only the registrar is known otherwise."""
    laid_down = rules(
        rows=("site.test,site,owner@site.test,,,", "as64501,upstream,noc@up.test,,,", "as64501,never,noc@up.test,,,"),
        never=frozenset({"registry.test"}),
    )
    (desk,) = registrar_contacts([mail("x@registry.test"), mail("abuse@registrar.test")], laid_down, SUBJECT)
    site = ladder_contact(BookKind.SITE, [SUBJECT], laid_down, desk)
    upstream = ladder_contact(BookKind.UPSTREAM, [SUBJECT], laid_down, desk)
    registrar = ladder_contact(BookKind.REGISTRAR, [SUBJECT], laid_down, desk)

    assert isinstance(site, Contact)
    assert site.address == "owner@site.test"
    assert upstream is None
    assert registrar is desk
    assert desk.address == "abuse@registrar.test"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("as64501,boss,a@a.test,,,", "no kind"),
        ("as64501,abuse,nonsense,,,", "no mail address"),
        ("as64501,abuse,,,,", "no mail address"),
        ("as64501,abuse,a@a.test,fax,,", "no format"),
        ("198.51.100.7/24,abuse,a@a.test,,,", "host bits"),
        ("two words,abuse,a@a.test,,,", "matches nothing"),
        (",abuse,a@a.test,,,", "matches nothing"),
    ],
)
def test_a_bad_row_of_the_book_is_reported_and_costs_no_other(row: str, fault: str) -> None:
    """File, line and fault are named."""
    read = book(row, "as64501,abuse,b@a.test,,,")

    assert [one.address for one in read.matching(BookKind.ABUSE, SUBJECT)] == ["b@a.test"]
    assert len(read.faults) == 1
    assert read.faults[0].startswith("book.csv, line 2: ")
    assert fault in read.faults[0]


def test_another_header_is_no_contact_book() -> None:
    """The message shows the header that is wanted."""
    with pytest.raises(ValueError, match="match,kind,address"):
        read_book(["network,asn"], "book.csv")


@pytest.mark.parametrize(
    "text", ["AS64501", "as64501", "198.51.100.7", "198.51.100.0/24", "Site.TEST", "img.site.test."]
)
def test_a_match_is_an_as_a_network_or_a_name_in_any_case(text: str) -> None:
    """Each way of writing it finds the subject."""
    assert Matching([(Match.read(text), 1)]).about(SUBJECT) == [(Match.read(text), 1)]


NAMES = st.sampled_from(["a.test", "b.a.test", "c.b.a.test", "d.test"])
ADDRESSES = st.sampled_from(["198.51.100.7", "198.51.101.7", "2001:db8::7", "2001:db8:1::7"]).map(ip_address)
SYSTEMS = st.integers(64496, 64499)
SUBJECTS = st.builds(
    Subject,
    host=NAMES,
    site=NAMES,
    under=st.none() | NAMES,
    address=st.none() | ADDRESSES,
    asn=st.none() | SYSTEMS,
    origins=st.lists(SYSTEMS, unique=True).map(sorted).map(tuple),
)
BLOCKS = st.tuples(ADDRESSES, st.integers(0, 3)).map(
    lambda drawn: str(ip_network(f"{drawn[0]}/{drawn[0].max_prefixlen // 4 * (drawn[1] + 1)}", strict=False))
)


def holds(match: Match, subject: Subject) -> bool:
    """Say whether one rule is about the subject."""
    if match.name is not None:
        return match.name in {subject.host, subject.site, subject.under}
    if match.network is not None:
        return subject.address is not None and subject.address in match.network
    return match.asn is None or match.asn in {subject.asn, *subject.origins}


@given(st.lists(st.one_of(NAMES, BLOCKS, SYSTEMS.map("as{}".format), st.just("*")), max_size=12), SUBJECTS)
def test_rules_are_found_as_if_each_were_looked_at(texts: list[str], subject: Subject) -> None:
    """All that are about the subject and no other, the nearest first, equals as they stand."""
    every = [(Match.read(text), number) for number, text in enumerate(texts)]

    found = Matching(every).about(subject)

    assert found == sorted((one for one in every if holds(one[0], subject)), key=lambda one: one[0].rank(subject))


@pytest.mark.parametrize(
    ("row", "struck"),
    [
        ("site.test,never,,,,", True),
        ("other.test,never,,,,", False),
        ("a.test,never,,,,", True),
        ("as64502,never,,,,", False),
        ("as64501,never,b.a.test,,,", True),
    ],
)
def test_a_row_without_an_address_strikes_everybody_there_and_all_at_its_name(row: str, *, struck: bool) -> None:
    """By what it matches, or by the domain of the mailbox."""
    assert book(row).vetoes("abuse@b.a.test", SUBJECT) == struck


def test_what_is_said_of_one_customer_goes_before_what_is_said_of_all() -> None:
    """A row about a platform's domain speaks of every host there, after the host's own row and before any network's."""
    subject = Subject(
        host="img.me.blogs.test", site="me.blogs.test", address=SUBJECT.address, asn=64501, under="blogs.test"
    )
    rows = ("198.51.100.0/24,abuse,net@a.test,,,", "blogs.test,abuse,all@a.test,,,", "me.blogs.test,abuse,me@a.test,,,")
    chosen = choose([Facts(subject=subject, platform=PLATFORMS.by_host["blogs.test"])], rules(rows=rows))

    assert [one.address for one in chosen[:4]] == ["me@a.test", "all@a.test", "net@a.test", "abuse@blogs.test"]


def test_how_a_network_wants_to_be_told_says_nothing_of_a_platform_on_it() -> None:
    """A rule about the AS sets the format of the network's mailbox only; a rule about the name sets the platform's."""
    facts = Facts(subject=SUBJECT, platform=PLATFORMS.by_host["blogs.test"], registered=(mail("r@a.test"),))
    of_network = choose([facts], rules(HosterRule(match="as64501", format="xarf")))
    of_name = choose([facts], rules(HosterRule(match="site.test", format="xarf")))

    assert [one.format for one in of_network] == ["digest", "digest", "xarf"]
    assert [one.format for one in of_name] == ["xarf", "xarf", "xarf"]


@pytest.mark.parametrize(
    ("kind", "own_domain", "told"),
    [
        (BookKind.UPSTREAM, False, None),
        (BookKind.UPSTREAM, True, None),
        (BookKind.REGISTRAR, False, None),
        (BookKind.REGISTRAR, True, "desk@registrar.test"),
        (BookKind.SITE, False, "owner@site.test"),
    ],
)
def test_the_ladder_spares_strangers(kind: BookKind, own_domain: bool, told: str | None) -> None:
    """Nobody's upstream hears of a shared host; a registrar only of a domain that is the customer's own."""
    laid_down = rules(rows=("site.test,site,owner@site.test,,,", "as64501,upstream,noc@up.test,,,"))
    desk = Contact(channel="mail", address="desk@registrar.test", source="rdap domain", rule="")
    shared = SharedHost(under="blogs.test", platform="Blogs", kind=None, rule="", own_domain=own_domain)
    found = ladder_contact(kind, [SUBJECT], laid_down, desk, shared)

    assert (found.address if found else None) == told


@pytest.mark.parametrize(
    ("address", "struck"),
    [
        ("abuse@lacnic.net", True),
        ("abuse@db.ripe.net", True),
        ("hostmaster@arin.net", True),
        ("noc@ams-ix.net", True),
        ("NOREPLY@hoster.test", True),
        ("unread@hoster.test", True),
        ("us@mail.test", True),
        ("abuse@hotline.test", True),
        ("abuse@mail.test", False),
        ("abuse@stripe.net", False),
        ("reply@hoster.test", False),
        ("https://hotline.test/form", False),
    ],
)
def test_registries_exchanges_ourselves_and_nobody_are_never_told(address: str, struck: bool) -> None:
    """By domain, by local part, by whole mailbox, in any case of letters; look-alikes are told."""
    never = shipped_never().with_ourselves(domains=["Hotline.test", ""], mailboxes=["Us@Mail.test", ""])

    assert never.strikes(address) is struck


#: Where a row can match SUBJECT at a platform, the strongest first, and some that do not match.
_MATCHES = ("img.site.test", "site.test", "blogs.test", "198.51.100.0/24", "198.51.0.0/16", "as64501", "*")
_OTHERS = ("other.test", "203.0.113.0/24", "as64502")
_ROWS = st.lists(st.sampled_from(_MATCHES[:-1] + _OTHERS), unique=True)
_SAID = st.fixed_dictionaries(
    {
        "config": _ROWS,
        "book": _ROWS,
        "platform": st.booleans(),
        "registered": st.integers(0, 2),
        "file": st.booleans(),
        "system": st.integers(0, 2),
    }
)


def by_hand(said: dict[str, Any]) -> list[str]:
    """Write down the order as the README says it."""
    told = []
    for prefix, source in (("c", "config"), ("b", "book")):
        told += [f"{prefix}-{nth}@a.test" for nth, match in enumerate(_MATCHES) if match in said[source]]
    told += ["abuse@blogs.test", "https://blogs.test/abuse"] if said["platform"] else []
    told += [f"r-{n}@a.test" for n in range(said["registered"])]
    told += ["f@a.test"] if said["file"] else []
    return (told + [f"s-{n}@a.test" for n in range(said["system"])])[:LARGEST]


@given(_SAID)
def test_the_order_is_the_written_one_whoever_speaks_and_in_whatever_order_rows_stand(said: dict[str, Any]) -> None:
    """Any subset of sources, any order of rows: the rules as they are written down, one after the other."""

    def named(prefix: str, match: str) -> str:
        return f"{prefix}-{_MATCHES.index(match) if match in _MATCHES else 'x'}@a.test"

    laid_down = rules(
        *(HosterRule(match=match, email=named("c", match)) for match in said["config"]),
        rows=tuple(f"{match},abuse,{named('b', match)},,," for match in said["book"]),
    )
    fact = Facts(
        subject=replace(SUBJECT, under="blogs.test"),
        platform=PLATFORMS.by_host["blogs.test"] if said["platform"] else None,
        registered=tuple(mail(f"r-{n}@a.test") for n in range(said["registered"])),
        file_mailbox="f@a.test" if said["file"] else None,
        system=tuple(mail(f"s-{n}@a.test") for n in range(said["system"])),
    )

    assert [one.address for one in choose([fact], laid_down)] == by_hand(said)


def test_a_row_of_the_book_may_be_a_form() -> None:
    """An https:// address is a task for a human; another scheme is no address."""
    laid_down = rules(rows=("site.test,abuse,https://site.test/abuse,,,", "site.test,abuse,http://site.test/abuse,,,"))
    (found,) = choose([Facts(subject=SUBJECT)], laid_down)

    assert (found.channel, found.address) == ("form", "https://site.test/abuse")
    assert len(laid_down.book.faults) == 1
