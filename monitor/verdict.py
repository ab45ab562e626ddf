"""What observations mean (contract, section 5, "What a round means"). Pure.

Gone needs evidence from everywhere that was to be asked; everything else that is not clearly up is "I cannot tell".
The reasons:

=======  ===============================================================================================
verdict  reasons
=======  ===============================================================================================
up       `status_2xx` · `same_body` (the one first seen) · `vantages_disagree` (up from here, gone from
         there) · `addresses_disagree` (up at one address, gone at another)
gone     `status_404` · `status_410` · `no_name` (NXDOMAIN) · `removed_for_all` (a 451 that says so) ·
         `soft_404` (like a name that nobody uploaded) · `removal_page` · `removal_redirect` ·
         `placeholder` · `front_page` (sent there instead) · `parked` · `for_sale` · `account_suspended` ·
         `by_hand` (what a person said is not the thing)
changed  `type_changed` · `length_changed` · `empty_body` · `text_changed` · `pictures_missing` ·
         `shape_changed`
blocked  `status_401` · `status_402` · `status_403` · `status_423` · `status_429` · `status_451` ·
         `status_999` · `login` · `captcha` · `age_gate` · `geo_block` · `access_denied` · `rate_limit` ·
         `consent_wall`
unknown  `status_NNN` for every other status · `default_page` · `maintenance` · `server_error` ·
         `cdn_error` · `script_only` (a shell that is the same for every name) · `empty_body` ·
         `unavailable` (the page says no more than that) ·
         `site_message` (the front page shows the same, and says nothing of a missing thing) ·
         `any_name` (every name shows the same, and it shows something) ·
         `no_address` (NODATA) · `name_fault` · `address_not_public` · `unreachable` · `tls_fault` ·
         `timeout` · `bad_answer` · `too_many_redirects` · `vantage_void` (its canaries
         fail, or show what the item shows) ·
         `our_fault` (ours or the proxy's) · `not_all_asked` (an address of the name was not asked) ·
         `no_quorum` (too few networks saw it gone) · `not_looked` ·
         `no_address_everywhere` (NODATA from every resolver: it counts towards a run)
=======  ===============================================================================================
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, assert_never

from monitor.imprint import same_words, unlike
from schemas.check import Baseline, Body, GoneBy, Meaning, Observation, Round, Sight, Verdict
from schemas.hosting import Address

#: NODATA on which all resolvers agree: `unknown` in itself, gone when it lasts over `confirm` rounds.
NO_ADDRESS_EVERYWHERE: Final = "no_address_everywhere"
#: Up from here, gone from there.
VANTAGES_DISAGREE: Final = "vantages_disagree"
#: How many networks must have seen it gone, where as many are configured.
QUORUM: Final = 2
#: A body this many times shorter or longer than the first one is another thing.
DRASTIC: Final = 3
#: … and this many times where its shape or its words are those of the first one.
DRASTIC_THOUGH_ALIKE: Final = 10
_ERRORS: Final = 400
_MEDIA_TYPES: Final = frozenset({"image", "video", "audio"})

_GONE_STATUS: Final = frozenset({404, 410})
#: 402 asks for money, 423 is locked, 999 is what some networks answer to whom they take for a robot.
_BLOCKED_STATUS: Final = frozenset({401, 402, 403, 423, 429, 999})
_SEEN_STATUS: Final = frozenset({200, 203, 206})
_UNAVAILABLE_FOR_LEGAL_REASONS: Final = 451  # RFC 7725
_BY: Final = {"parked": GoneBy.NAME, "for_sale": GoneBy.NAME, "account_suspended": GoneBy.ACCOUNT}


def meaning_of(seen: Observation, baseline: Baseline | None = None) -> Meaning:
    """Say what one look from one vantage at one address means."""
    match seen.sight:
        case Sight.ANSWERED:
            return _answer(seen, baseline)
        case Sight.NO_NAME:
            return Meaning(verdict=Verdict.GONE, reason="no_name", gone_by=GoneBy.NAME)
        case Sight.NOT_PUBLIC:
            return _unknown("address_not_public")
        case Sight.VOID:
            return _unknown("vantage_void")
        case (
            Sight.NO_ADDRESS
            | Sight.NAME_FAULT
            | Sight.UNREACHABLE
            | Sight.TLS_FAULT
            | Sight.TIMEOUT
            | Sight.BAD_ANSWER
            | Sight.TOO_MANY_REDIRECTS
            | Sight.OUR_FAULT
        ):
            return _unknown(seen.sight.value)
        case _ as never:
            assert_never(never)


def _answer(seen: Observation, baseline: Baseline | None) -> Meaning:
    status, signs = seen.status or 0, seen.signs
    if status in _SEEN_STATUS and _denied(seen, baseline):
        return _gone("by_hand")
    if baseline is not None and baseline.denied:
        baseline = None
    if status in _SEEN_STATUS:
        return _content(seen, baseline)
    if status >= _ERRORS and _hidden_behind(seen, baseline):
        return Meaning(verdict=Verdict.UP, reason="same_body")
    if status in _GONE_STATUS and signs.default_page and not signs.default_page.startswith("default_page."):
        # A front or a server in trouble sometimes says so with a 404.
        return _unknown(_kind(signs.default_page))
    if status in _GONE_STATUS:
        return _gone(f"status_{status}")
    if status == _UNAVAILABLE_FOR_LEGAL_REASONS:
        return _gone("removed_for_all") if signs.removed_for_all else _blocked("status_451")
    if status in _BLOCKED_STATUS:
        return _blocked(f"status_{status}")
    # Some walls ask for patience with a 503: it is no fault of the server's.
    wall = _kind(signs.login or "")
    return _blocked(wall) if wall == "captcha" else _unknown(f"status_{status}")


def _denied(seen: Observation, baseline: Baseline | None) -> bool:
    """Say whether what is seen is what a person said is not the thing: the same bytes, or nearly the same words."""
    if seen.body is None or baseline is None or not baseline.denied:
        return False
    return seen.body.sha256 == baseline.sha256 or same_words(baseline.likeness, seen.body.likeness)


def _hidden_behind(seen: Observation, baseline: Baseline | None) -> bool:
    """Say whether the very thing first seen came with a status that denies it; a page may be that of any name."""
    if seen.body is None or baseline is None or baseline.type is None:
        return False
    media = baseline.type.partition("/")[0] in _MEDIA_TYPES
    return media and seen.body.length_bytes > 0 and seen.body.sha256 == baseline.sha256


def _content(seen: Observation, baseline: Baseline | None) -> Meaning:
    signs, body = seen.signs, seen.body
    if body is not None and baseline is not None and body.sha256 == baseline.sha256:
        return Meaning(verdict=Verdict.UP, reason="same_body")
    if signs.login:
        return _blocked(_kind(signs.login))
    if signs.default_page and not _shows_nothing(seen):
        return _unknown(_kind(signs.default_page))
    if signs.parked:
        return _gone(_kind(signs.parked), _BY[_kind(signs.parked)])
    if signs.removal_wording:
        return _gone("removal_redirect" if signs.removal_wording.endswith(".redirect") else "removal_page")
    if signs.placeholder:
        return _gone("placeholder")
    if signs.front_page:
        return _gone("front_page")
    return _compared(seen, baseline)


def _compared(seen: Observation, baseline: Baseline | None) -> Meaning:
    body = seen.body
    if _shows_nothing(seen):
        # Nothing is like nothing: a server in trouble answers every name with an empty body.
        return _changed("empty_body") if baseline is not None else _unknown("empty_body")
    if seen.signs.like_sibling:
        return _unknown("script_only") if seen.signs.script_only else _gone("soft_404")
    if body is not None and baseline is not None and (change := _change(body, baseline)):
        return _changed(change)
    return Meaning(verdict=Verdict.UP, reason="status_2xx")


def _shows_nothing(seen: Observation) -> bool:
    empty = seen.body is not None and seen.body.length_bytes == 0
    return empty or _kind(seen.signs.default_page or "") == "empty_body"


def _change(body: Body, baseline: Baseline) -> str | None:
    """Say in what a body is another than the first one; None when it is that one, slightly changed or encoded anew."""
    if body.type and baseline.type and body.type.partition("/")[0] != baseline.type.partition("/")[0]:
        return "type_changed"
    if change := unlike(baseline.likeness, body.likeness):
        return change
    # Of the same shape or with the same words, a body may be packed better or worse than the first one.
    drastic = DRASTIC if change is None else DRASTIC_THOUGH_ALIKE
    longer, shorter = max(body.length_bytes, baseline.length_bytes), min(body.length_bytes, baseline.length_bytes)
    return "length_changed" if longer > drastic * shorter else None


def _kind(mark: str) -> str:
    return mark.partition(".")[0]


def _gone(reason: str, by: GoneBy = GoneBy.CONTENT) -> Meaning:
    return Meaning(verdict=Verdict.GONE, reason=reason, gone_by=by)


def _blocked(reason: str) -> Meaning:
    return Meaning(verdict=Verdict.BLOCKED, reason=reason)


def _changed(reason: str) -> Meaning:
    return Meaning(verdict=Verdict.CHANGED, reason=reason)


def _unknown(reason: str) -> Meaning:
    return Meaning(verdict=Verdict.UNKNOWN, reason=reason)


def round_meaning(
    observations: Iterable[Observation],
    baseline: Baseline | None = None,
    *,
    networks: Mapping[str, str] | None = None,
    addresses: Collection[Address] | None = None,
) -> Meaning:
    """Say what a round means as a whole.

    `networks` gives the network of each vantage (one of its own where it is not named). `addresses` limits the question
    to some addresses of the name, e.g. those at one hoster; None asks about all.
    """
    looks: dict[str, list[Observation]] = {}
    for seen in observations:
        if addresses is None or seen.address is None or seen.address in addresses:
            looks.setdefault(seen.vantage, []).append(seen)
    by_vantage = {vantage: _at_vantage(group, baseline, addresses) for vantage, group in looks.items()}
    return _together(by_vantage, networks or {})


def _at_vantage(
    looks: Sequence[Observation], baseline: Baseline | None, addresses: Collection[Address] | None
) -> Meaning:
    """Put the addresses that one vantage asked together."""
    meanings = [meaning_of(seen, baseline) for seen in looks]
    clearest = _clearest(meanings)
    if clearest.verdict is not Verdict.GONE:
        disagree = clearest.verdict is Verdict.UP and _any_gone(meanings)
        return Meaning(verdict=Verdict.UP, reason="addresses_disagree") if disagree else clearest
    wanted = set(addresses) if addresses is not None else {address for seen in looks for address in seen.addresses}
    nameless = any(seen.sight is Sight.NO_NAME and not seen.hops for seen in looks)
    asked = {seen.address for seen in looks}
    return clearest if nameless or wanted <= asked else _unknown("not_all_asked")


#: What one look says against another at the same place: whoever sees it decides; gone needs all.
_WEIGHT: Final = (Verdict.UP, Verdict.CHANGED, Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.GONE)


def _clearest(meanings: Sequence[Meaning]) -> Meaning:
    return meanings[0] if len(meanings) == 1 else min(meanings, key=lambda meaning: _WEIGHT.index(meaning.verdict))


def _any_gone(meanings: Sequence[Meaning]) -> bool:
    return any(meaning.verdict is Verdict.GONE for meaning in meanings)


def _together(by_vantage: Mapping[str, Meaning], networks: Mapping[str, str]) -> Meaning:
    """Put the vantages together: none up, and gone from two networks where two are configured."""
    if not by_vantage:
        return _unknown("not_looked")
    meanings = tuple(by_vantage.values())
    clearest = _clearest(meanings)
    if not _any_gone(meanings) or clearest.verdict is Verdict.CHANGED:
        return clearest
    if clearest.verdict is Verdict.UP:
        return Meaning(verdict=Verdict.UP, reason=VANTAGES_DISAGREE)
    gone = {vantage: meaning for vantage, meaning in by_vantage.items() if meaning.verdict is Verdict.GONE}
    needed = min(QUORUM, len({networks.get(vantage) or vantage for vantage in by_vantage}))
    if len({networks.get(vantage) or vantage for vantage in gone}) >= needed:
        return next(iter(gone.values()))
    return clearest if clearest.verdict is Verdict.BLOCKED else _unknown("no_quorum")


def baseline_of(seen: Round) -> Baseline | None:
    """Give what "up" looked like, to be kept from the first round that is up; None where that cannot be said yet.

    A body that could not be compared with a sibling (`fault` says so) is no baseline: it may be what every name shows.
    """
    if seen.meaning.verdict is not Verdict.UP:
        return None
    bodies = (
        look.body
        for look in seen.observations
        if look.body is not None and look.fault is None and meaning_of(look).verdict is Verdict.UP
    )
    body = next(bodies, None)
    if body is None:
        return None
    return Baseline(sha256=body.sha256, length_bytes=body.length_bytes, type=body.type, likeness=body.likeness)
