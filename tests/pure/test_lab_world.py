"""The table of scenarios: what it promises to hold."""

from importlib.resources import files

import pytest

from ntd.lab.pages import page
from ntd.lab.plot import Plot
from ntd.lab.world import World, read_world
from tests.fakes.hand_clock import HandClock

TEXT = files("ntd.lab").joinpath("scenarios.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module", name="world")
def read() -> World:
    """Read the shipped table."""
    return read_world(TEXT)


def test_the_table_is_as_large_as_it_must_be(world: World) -> None:
    """At least 40 items over 12 sites, 6 hosters and 5 countries (contract, section 9)."""
    hosting = {hoster.key for address in world.addresses() if (hoster := world.hoster_of(address))}
    countries = {world.hosters[key].country for key in hosting}

    assert len(world.items) >= 40
    assert len({story.site for story in world.stories if story.items}) >= 12
    assert len(hosting) >= 6
    assert len(countries) >= 5


def test_every_behaviour_of_the_contract_has_a_row(world: World) -> None:
    """What the contract lists for the lab is played by somebody."""
    actions = {step.action for item in world.items for script in item.pages.values() for step in script}
    names = " ".join(step.action for script in world.names.values() for step in script)

    assert {
        "404",
        "410",
        "soft404",
        "451 here",
        "login",
        "403",
        "503",
        "drip",
        "another body",
        "flap",
        "loop",
    } <= actions
    assert all(word in names for word in ("NXDOMAIN", "SERVFAIL", "silence", "round", "CNAME", "schild", "mahe"))
    assert {hoster.mailbox for hoster in world.hosters.values()} == {"takes", "greylists", "refuses", "hangs up"}
    assert {partner.way for partner in world.partners.values()} == {"api", "fetch", "mail", "none"}


def test_every_page_of_the_table_can_be_drawn(world: World) -> None:
    """No row asks for a page that the lab does not know."""
    for item in world.items:
        for script in item.pages.values():
            for step in script:
                assert step.action == "flap" or page(step.action, item.path).status >= 200


def test_names_and_addresses_are_made_up(world: World) -> None:
    """Names live under .test and .example, addresses on loopback, save the one that nobody may dial."""
    outside = {address for address in world.addresses() if not address.is_loopback}

    assert not outside
    assert all(name.endswith((".test", ".example")) for name in world.names)
    assert all(64496 <= h.asn <= 64511 or 65536 <= h.asn <= 65551 for h in world.hosters.values())


def test_an_unknown_word_of_an_ending_is_refused() -> None:
    """A typing error in the table is no row that always passes."""
    with pytest.raises(ValueError, match="relocation"):
        read_world(TEXT.replace("relocations = ", "relocation = ", 1))


def test_an_unknown_hoster_is_refused() -> None:
    """An address at a hoster that does not exist stops the lab before it opens."""
    with pytest.raises(ValueError, match=r"polter\.11"):
        read_world(TEXT.replace('["polder.11"]', '["polter.11"]', 1))


def test_two_hosters_of_one_name_have_pages_of_their_own(world: World) -> None:
    """What one hoster takes away stands at the other until that one does too."""
    clock = HandClock()
    plot = Plot(world, clock.now())
    key = ("double.test", "/1.jpg")

    plot.told(key, "polder", clock.now())
    clock.move(60)

    assert plot.page(key, "polder", clock.now()) == "404"
    assert plot.page(key, "molen", clock.now()) == "image"
