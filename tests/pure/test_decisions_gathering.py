"""What is gathered for a recipient becomes messages: together, apart, or not at all."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from uuid import UUID

import pytest

from ntd.gathering import Addressee, Before, Piece, Sorted, in_force, mailbox_of, message, partner_channel, sort_out
from ntd.tongues import spoken_in, tongue
from schemas.ids import ItemId, NoticeId
from schemas.item import Classification, State
from schemas.notice import Channel, Format, Kind, NoticeLine
from schemas.settings import Partner, Settings

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MAILED = Partner(code="md", countries=["MD"], name="Siguronline", email="desk@md.example", plain=True)


def line(n: int, address: str = "192.0.2.1", hoster: str | None = "Hoster 1", country: str | None = "NL") -> NoticeLine:
    """Make one item as a message speaks of it."""
    return NoticeLine(
        item=ItemId(UUID(int=n)),
        url=f"http://img.one.test/{n}.jpg",
        confirmed=True,
        classification=Classification.BASELINE,
        address=ip_address(address),
        hoster=hoster,
        country=country,
    )


def piece(
    n: int,
    *,
    site: str = "one.test",
    state: State = State.ROUTED,
    able: bool = True,
    to: str = "192.0.2.1",
    step: int = 0,
) -> Piece:
    """Make one telling."""
    return Piece(index=n, line=line(n, to), site=site, state=state, xarf_able=able, step=step)


def whom(
    channel: str = "mail",
    form: str = "digest",
    grouping: str = "recipient",
    partner: Partner | None = None,
    language: str | None = None,
) -> Addressee:
    """Make a recipient."""
    address = "abuse@one.example"
    return Addressee(
        channel=channel, address=address, format=form, grouping=grouping, partner=partner, language=language
    )


def sizes(found: Sorted) -> list[tuple[Channel, Format, list[int]]]:
    """Say what goes together, and how."""
    return [(one.channel, one.format, [each.index for each in one.pieces]) for one in found.sheaves]


@pytest.mark.parametrize("state", State)
def test_only_items_in_force_are_spoken_of(state: State) -> None:
    """Held, gone or ended meanwhile: nobody is told, but that it was withdrawn; the police of the untraceable."""
    told = {State.ROUTED, State.NOTICED, State.FORWARDED}

    assert in_force(Kind.FIRST, state) is (state in told)
    assert in_force(Kind.POLICE, state) is (state in {*told, State.UNTRACEABLE})
    assert in_force(Kind.WITHDRAWAL, state) is (state is State.WITHDRAWN)


def test_what_is_over_is_left_out() -> None:
    """The others go all the same."""
    found = sort_out(Kind.FIRST, whom(), [piece(1), piece(2, state=State.GONE)], 200)

    assert (sizes(found), [one.index for one in found.moot]) == ([(Channel.MAIL, Format.DIGEST, [1])], [2])


@pytest.mark.parametrize(
    ("grouping", "groups"),
    [("recipient", [[1, 2], [3]]), ("ip", [[1, 3], [2]]), ("site", [[1, 2], [3]])],
)
def test_lines_go_together_as_the_hoster_wants(grouping: str, groups: list[list[int]]) -> None:
    """By recipient, address or site, and never more than `largest` in one message."""
    pieces = [piece(1), piece(2, to="192.0.2.2"), piece(3, site="two.test")]

    assert [indexes for _, _, indexes in sizes(sort_out(Kind.FIRST, whom(grouping=grouping), pieces, 2))] == groups


def test_a_machine_gets_one_item_a_mail() -> None:
    """What XARF has no words for goes as one readable mail; withdrawals always do."""
    pieces = [piece(1), piece(2), piece(3, able=False), piece(4, able=False)]
    gone = [piece(n, state=State.WITHDRAWN) for n in (1, 2)]

    assert sizes(sort_out(Kind.FIRST, whom(form="xarf"), pieces, 200)) == [
        (Channel.MAIL, Format.XARF, [1]),
        (Channel.MAIL, Format.XARF, [2]),
        (Channel.MAIL, Format.DIGEST, [3, 4]),
    ]
    assert sizes(sort_out(Kind.WITHDRAWAL, whom(form="xarf"), gone, 200)) == [(Channel.MAIL, Format.DIGEST, [1, 2])]


def test_an_api_takes_only_what_it_has_words_for() -> None:
    """One document an item; the rest must be told another way."""
    found = sort_out(Kind.FIRST, whom("api"), [piece(1), piece(2, able=False)], 200)

    assert (sizes(found), [one.index for one in found.unable]) == ([(Channel.API, Format.XARF, [1])], [2])


def test_who_was_told_by_an_api_hears_there_what_is_taken_back() -> None:
    """A list of item ids, whatever XARF has words for: an item may have become what it has none for meanwhile."""
    pieces = [piece(1, state=State.WITHDRAWN), piece(2, able=False, state=State.WITHDRAWN), piece(3)]
    found = sort_out(Kind.WITHDRAWAL, whom("api"), pieces, 200)

    assert sizes(found) == [(Channel.API, Format.DIGEST, [1, 2])]
    assert ([one.index for one in found.moot], found.unable) == ([3], ())


def test_a_form_gets_one_text_for_many_items() -> None:
    """A human fills it in."""
    assert sizes(sort_out(Kind.FIRST, whom("form"), [piece(1), piece(2)], 200)) == [
        (Channel.FORM, Format.DIGEST, [1, 2])
    ]


def test_a_partner_is_reached_its_way() -> None:
    """Its API, mail that may go unencrypted, else it fetches from us; one that is not configured cannot be told."""
    api = MAILED.model_copy(update={"api": "https://md.example/api"})
    guarded = MAILED.model_copy(update={"plain": False})
    found = sort_out(Kind.FORWARD, whom("partner", partner=MAILED), [piece(1), piece(2)], 200)
    lost = sort_out(Kind.FORWARD, whom("partner"), [piece(1)], 200)

    assert [partner_channel(one) for one in (api, MAILED, guarded)] == [Channel.API, Channel.MAIL, Channel.EXCHANGE]
    assert sizes(found) == [(Channel.MAIL, Format.DIGEST, [1, 2])]
    assert (lost.sheaves, [one.index for one in lost.unable]) == ((), [1])


def letter(kind: Kind, to: Addressee, *pieces: Piece, settings: Settings | None = None, **facts: str | None):  # type: ignore[no-untyped-def] # noqa: ANN201
    """Write a message down."""
    (sheaf,) = sort_out(kind, to, pieces, 200).sheaves
    return message(
        NoticeId(UUID(int=7)),
        kind,
        sheaf,
        to,
        Before(message_ids=("<1@x>",), first_at=NOON),
        settings or Settings(),
        token=facts.get("token"),
        now=NOON,
    )


def test_a_message_says_what_was_asked_by_when() -> None:
    """Deadline, answer link, what it refers to, and the hoster where all its lines have one."""
    told = letter(Kind.REMINDER, whom(language="nl"), piece(1), piece(2, step=2), token="t0ken")

    assert (told.deadline, told.step, told.references) == (NOON + timedelta(hours=24), 2, ("<1@x>",))
    assert (told.hoster, told.recipient_country, told.language) == ("Hoster 1", "NL", "nl")
    assert (told.answer_link, told.to) == ("https://ntd.hotline.example/h/t0ken", "abuse@one.example")
    assert (told.partner, told.bounce_address) == (None, None)


def test_a_withdrawal_asks_for_nothing() -> None:
    """No deadline, no link; bounces come back to an address of its own where one is configured."""
    gone = piece(1, state=State.WITHDRAWN)
    told = letter(Kind.WITHDRAWAL, whom(), gone)
    named = [
        letter(
            Kind.WITHDRAWAL, whom(), gone, settings=Settings.model_validate({"notices": {"bounce_address": address}})
        )
        for address in ("bounces+TOKEN@hotline.example", "bounces@hotline.example")
    ]

    assert (told.deadline, told.answer_link, told.language, told.bounce_address) == (None, None, "nl", None)
    assert [one.bounce_address for one in named] == [f"bounces+{UUID(int=7).hex}@hotline.example"] * 2


def test_whose_certificate_counts() -> None:
    """The mailbox that mail goes to: the recipient's, or the partner's where it is reached by mail."""
    by_api = Partner(code="md", countries=["MD"], email="desk@md.example", plain=True, api="https://md.example")

    assert mailbox_of(whom()) == "abuse@one.example"
    assert mailbox_of(whom("partner", partner=MAILED)) == "desk@md.example"
    assert [mailbox_of(one) for one in (whom("partner", partner=by_api), whom("partner"), whom("form"))] == [None] * 3


def test_a_forward_goes_to_the_partners_mailbox() -> None:
    """And speaks of no single hoster or country where its lines have several."""
    other = Piece(index=2, line=line(2, hoster="Hoster 2", country="RO"), site="x", state=State.ROUTED, xarf_able=True)
    told = letter(Kind.FORWARD, whom("partner", partner=MAILED), piece(1), other)

    assert (told.to, told.recipient_name, told.partner) == ("desk@md.example", "Siguronline", "md")
    assert (told.hoster, told.recipient_country) == (None, None)


@pytest.mark.parametrize(
    ("preferred", "kind", "country", "ours", "language"),
    [
        ("cs", Kind.FIRST, "NL", ["en", "nl"], "cs"),
        (None, Kind.FIRST, "NL", ["en", "nl"], "nl"),
        (None, Kind.FIRST, "DE", ["en", "nl"], "de"),
        (None, Kind.REMINDER, "BE", ["en", "nl"], "nl"),
        (None, Kind.REMINDER, "BE", ["en", "fr", "nl"], "fr"),
        (None, Kind.FRONT, "CH", ["en"], "en"),
        (None, Kind.FIRST, "IN", ["en", "nl"], "en"),
        (None, Kind.FIRST, "IN", ["nl", "hi"], "hi"),
        (None, Kind.FIRST, "TR", ["en", "nl"], "en"),
        (None, Kind.FIRST, None, ["fr", "nl"], "fr"),
        (None, Kind.POLICE, "RU", ["en", "nl"], "nl"),
        (None, Kind.REGULATOR, "RU", ["en", "nl"], "nl"),
        (None, Kind.REGISTRAR, "RU", ["en", "nl"], "en"),
    ],
)
def test_the_language_of_a_message(
    preferred: str | None, kind: Kind, country: str | None, ours: list[str], language: str
) -> None:
    """The recipient's own, else that of the country, else the first of ours; with one of ours alone no other."""
    us = Settings.model_validate({"organisation": {"country": "NL", "languages": ours}}).organisation

    assert tongue(preferred, kind, country, us) == language


def test_a_country_speaks_what_it_speaks() -> None:
    """The chief language first; a country without one of ours speaks none."""
    assert [spoken_in(code) for code in ("CH", "IN", "CA", "UA", "JP", None)] == [
        ("de", "fr"), ("en", "hi"), ("en", "fr"), ("uk",), (), (),
    ]  # fmt: skip
