"""Who is to be told about a stay (contract, section 2 `[routing]` and section 5). Pure.

A front is always told directly: it hides the hoster, so its country says nothing. At home the hoster's side is told.
Abroad the partner of that country is told, the hoster, or both, as configured. What waits for a human says so in an
attention; nothing is dropped in silence.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from schemas.hosting import Category
from schemas.item import Attention, Basis, Classification
from schemas.notice import Kind
from schemas.settings import Routing

#: Attentions that routing sets, and takes back when it decides anew.
OF_ROUTING = frozenset(
    {
        Attention.NO_CONTACT,
        Attention.NO_ENDPOINT,
        Attention.FRONT_ONLY,
        Attention.COUNTRY_DISPUTED,
        Attention.NEW_CONTACT,
        Attention.ACCESS_LINE,
        Attention.NO_PARTNER,
        Attention.NATIONAL_ABROAD,
        Attention.COUNTRY_HELD,
        Attention.COUNTRY_UNKNOWN,
    }
)
#: Those of them that hold also for whom was told; the others say that nobody could be.
OF_FACTS = frozenset(
    {Attention.FRONT_ONLY, Attention.COUNTRY_DISPUTED, Attention.COUNTRY_UNKNOWN, Attention.NATIONAL_ABROAD}
)


class Abroad(StrEnum):
    """What a country's exception, or the rule for abroad, says."""

    FORWARD = "forward"
    NOTIFY = "notify"
    BOTH = "both"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What routing looks at: one item at one hoster."""

    country: str | None
    fronted: bool
    category: Category | None
    country_disputed: bool
    classification: Classification | None
    basis: Basis
    has_contact: bool
    new_contact: bool  # never written to before
    partner: bool  # one is configured for the country
    endpoint: bool  # and it can be reached: API, mail that may go, or an active token


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Who is to be told, and what a human must see."""

    tell: tuple[Kind, ...] = ()  # of first, front, forward
    attention: frozenset[Attention] = frozenset()


def route(case: Case, home: str, rules: Routing) -> Route:
    """Decide who is told about one item at one hoster."""
    told = _where(case, home, rules)
    if not case.country_disputed:
        return told
    return Route(tell=told.tell, attention=told.attention | {Attention.COUNTRY_DISPUTED})


def _where(case: Case, home: str, rules: Routing) -> Route:
    if case.category is Category.ISP and rules.isp == "hold":
        return Route(attention=frozenset({Attention.ACCESS_LINE}))
    if case.classification is Classification.NATIONAL and case.country != home:
        return _national(case, rules)
    if case.fronted:
        return _hoster(case, Kind.FRONT, rules)
    if case.country == home:
        return _hoster(case, Kind.FIRST, rules)
    if case.country is None:
        return _with(_without_partner(case, rules), Attention.COUNTRY_UNKNOWN)
    return _abroad(case, rules)


def _abroad(case: Case, rules: Routing) -> Route:
    # Only csam goes to partners; the word for anything else abroad is the hoster's.
    partner = case.partner and case.basis is Basis.CSAM
    rule = Abroad(rules.country.get(case.country or "", rules.abroad))
    match rule:
        case Abroad.HOLD:
            return Route(attention=frozenset({Attention.COUNTRY_HELD}))
        case Abroad.NOTIFY:
            return _hoster(case, Kind.FIRST, rules)
        case Abroad.FORWARD:
            return _partner(case) if partner else _without_partner(case, rules)
        case Abroad.BOTH:
            direct = _hoster(case, Kind.FIRST, rules)
            return _join(_partner(case), direct) if partner else direct
        case _ as never:
            assert_never(never)


def _national(case: Case, rules: Routing) -> Route:
    # Illegal only at home: abroad, a front's abroad included, it is held or forwarded, never noticed directly.
    if rules.national_abroad == "forward" and case.partner and case.basis is Basis.CSAM:
        return _partner(case)
    return Route(attention=frozenset({Attention.NATIONAL_ABROAD}))


def _without_partner(case: Case, rules: Routing) -> Route:
    if rules.without_partner == "hold":
        return Route(attention=frozenset({Attention.NO_PARTNER}))
    return _hoster(case, Kind.FIRST, rules)


def _hoster(case: Case, kind: Kind, rules: Routing) -> Route:
    seen = frozenset({Attention.FRONT_ONLY}) if kind is Kind.FRONT else frozenset()
    if not case.has_contact:
        return Route(attention=seen | {Attention.NO_CONTACT})
    if case.new_contact and rules.new_contact == "hold":
        return Route(attention=seen | {Attention.NEW_CONTACT})
    return Route(tell=(kind,), attention=seen)


def _partner(case: Case) -> Route:
    if not case.endpoint:
        return Route(attention=frozenset({Attention.NO_ENDPOINT}))
    return Route(tell=(Kind.FORWARD,))


def _with(told: Route, attention: Attention) -> Route:
    return Route(tell=told.tell, attention=told.attention | {attention})


def _join(one: Route, other: Route) -> Route:
    return Route(tell=one.tell + other.tell, attention=one.attention | other.attention)


def may_tell_directly(case: Case, home: str, rules: Routing) -> Route:
    """Decide whether a foreign hoster may be told once the partner's patience is over."""
    if case.classification is Classification.NATIONAL and case.country != home:
        return Route()
    if (case.category is Category.ISP and rules.isp == "hold") or rules.country.get(case.country or "") == "hold":
        return Route()
    return _hoster(case, Kind.FRONT if case.fronted else Kind.FIRST, rules)
