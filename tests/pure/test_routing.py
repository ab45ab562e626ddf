"""Who is told: every rule of the configuration, and nobody dropped in silence."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntd.routing import Case, Route, may_tell_directly, route
from schemas.hosting import Category
from schemas.item import Attention, Basis, Classification
from schemas.notice import Kind
from schemas.settings import Routing


def case(**facts: object) -> Case:
    """Make a Moldovan item with a contact and a partner, unless said otherwise."""
    usual = {
        "country": "MD",
        "fronted": False,
        "category": None,
        "country_disputed": False,
        "classification": Classification.BASELINE,
        "basis": Basis.CSAM,
        "has_contact": True,
        "new_contact": False,
        "partner": True,
        "endpoint": True,
    }
    return Case(**(usual | facts))  # type: ignore[arg-type]


def told(rules: dict[str, object] | None = None, **facts: object) -> Route:
    """Route one case from the Netherlands."""
    return route(case(**facts), "NL", Routing.model_validate(rules or {}))


@pytest.mark.parametrize(
    ("rules", "facts", "tell", "attention"),
    [
        ({}, {"country": "NL"}, (Kind.FIRST,), set()),
        ({}, {"country": "NL", "has_contact": False}, (), {Attention.NO_CONTACT}),
        ({}, {}, (Kind.FORWARD,), set()),
        ({}, {"endpoint": False}, (), {Attention.NO_ENDPOINT}),
        ({"abroad": "notify"}, {}, (Kind.FIRST,), set()),
        ({"abroad": "both"}, {}, (Kind.FORWARD, Kind.FIRST), set()),
        ({"abroad": "both"}, {"partner": False}, (Kind.FIRST,), set()),
        ({"country": {"MD": "notify"}}, {}, (Kind.FIRST,), set()),
        ({}, {"partner": False}, (Kind.FIRST,), set()),
        ({"without_partner": "hold"}, {"partner": False}, (), {Attention.NO_PARTNER}),
        ({}, {"basis": Basis.NCII}, (Kind.FIRST,), set()),
        ({}, {"classification": Classification.NATIONAL}, (), {Attention.NATIONAL_ABROAD}),
        ({"national_abroad": "forward"}, {"classification": Classification.NATIONAL}, (Kind.FORWARD,), set()),
        (
            {"national_abroad": "forward"},
            {"classification": Classification.NATIONAL, "partner": False},
            (),
            {Attention.NATIONAL_ABROAD},
        ),
        ({}, {"classification": Classification.NATIONAL, "country": "NL"}, (Kind.FIRST,), set()),
        ({}, {"category": Category.ISP, "country": "NL"}, (), {Attention.ACCESS_LINE}),
        ({"isp": "send"}, {"category": Category.ISP, "country": "NL"}, (Kind.FIRST,), set()),
        ({}, {"fronted": True}, (Kind.FRONT,), {Attention.FRONT_ONLY}),
        ({"new_contact": "hold"}, {"country": "NL", "new_contact": True}, (), {Attention.NEW_CONTACT}),
        ({}, {"country": None}, (Kind.FIRST,), {Attention.COUNTRY_UNKNOWN}),
        ({}, {"country": "NL", "country_disputed": True}, (Kind.FIRST,), {Attention.COUNTRY_DISPUTED}),
    ],
)
def test_each_rule_tells_whom_it_says(
    rules: dict[str, object], facts: dict[str, object], tell: tuple[Kind, ...], attention: set[Attention]
) -> None:
    """One row per rule of `[routing]`."""
    seen = told(rules, **facts)

    assert (seen.tell, set(seen.attention)) == (tell, attention)


RULES = st.fixed_dictionaries(
    {
        "abroad": st.sampled_from(["forward", "notify", "both"]),
        "without_partner": st.sampled_from(["notify", "hold"]),
        "national_abroad": st.sampled_from(["hold", "forward"]),
        "new_contact": st.sampled_from(["send", "hold"]),
        "isp": st.sampled_from(["hold", "send"]),
        "country": st.dictionaries(st.just("MD"), st.sampled_from(["forward", "notify", "both", "hold"])),
    }
)


@given(
    RULES,
    st.fixed_dictionaries(
        {
            "country": st.sampled_from(["NL", "MD", None]),
            "fronted": st.booleans(),
            "category": st.sampled_from([None, *Category]),
            "country_disputed": st.booleans(),
            "classification": st.sampled_from([None, *Classification]),
            "basis": st.sampled_from(Basis),
            "has_contact": st.booleans(),
            "new_contact": st.booleans(),
            "partner": st.booleans(),
            "endpoint": st.booleans(),
        }
    ),
)
def test_somebody_is_told_or_a_human_must_see_it(rules: dict[str, object], facts: dict[str, object]) -> None:
    """Nothing is dropped in silence; what is illegal only at home never reaches a foreign hoster or any access line."""
    seen = told(rules, **facts)

    assert seen.tell or seen.attention
    assert len(set(seen.tell)) == len(seen.tell)
    foreign = facts["country"] != "NL"
    if foreign and facts["classification"] is Classification.NATIONAL:
        assert not {Kind.FIRST, Kind.FRONT} & set(seen.tell)
    if facts["basis"] is not Basis.CSAM:
        assert Kind.FORWARD not in seen.tell
    if facts["category"] is Category.ISP and rules["isp"] == "hold":
        assert seen.tell == ()


def test_patience_ends_at_the_rules_that_wait_for_a_human() -> None:
    """After a partner's patience the hoster is told, except where routing forbids a direct notice."""
    rules = Routing.model_validate({"country": {"RU": "hold"}})
    for country, classification in product(("MD", "RU"), (Classification.BASELINE, Classification.NATIONAL)):
        seen = may_tell_directly(case(country=country, classification=classification), "NL", rules)
        allowed = country == "MD" and classification is Classification.BASELINE
        assert seen.tell == ((Kind.FIRST,) if allowed else ())
