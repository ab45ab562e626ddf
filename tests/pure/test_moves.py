"""The two-look rule of moves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from geo.moves import Abode, Change, MoveKind, Seat, Standing, behind, kind_of, look

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
APART = timedelta(minutes=1)
HERE: Seat = (1, "NL")
THERE: Seat = (2, "MD")
ELSEWHERE: Seat = (3, "NL")


def looks(*seen: tuple[float, set[Seat]]) -> list[Change]:
    """Make looks at minutes after noon, each showing some places."""
    standing: dict[Seat, Standing] = {}
    changes = []
    for minutes, places in seen:
        change = look(standing, frozenset(places), NOON + timedelta(minutes=minutes), APART)
        standing = dict(change.standing)
        changes.append(change)
    return changes


def test_the_first_look_joins_at_once() -> None:
    """What the first look shows is where the host stands."""
    (first,) = looks((0, {HERE, THERE}))

    assert first.joined == (HERE, THERE)
    assert first.settled


def test_a_move_needs_two_looks_apart_that_agree() -> None:
    """The first look elsewhere is a question, the second far enough apart the answer; the move dates from the first."""
    _, asked, early, late = looks((0, {HERE}), (10, {THERE}), (10.5, {THERE}), (11, {THERE}))

    assert (asked.joined, asked.left, asked.settled) == ((), {}, False)
    assert (early.joined, early.left) == ((), {})
    assert (late.joined, late.left) == ((THERE,), {HERE: NOON + timedelta(minutes=10)})
    assert late.settled


def test_a_look_that_shows_the_old_place_refutes() -> None:
    """Elsewhere for less than the confirmation, then back: nothing has moved."""
    *_, back, after = looks((0, {HERE}), (10, {THERE}), (10.5, {HERE}), (20, {HERE}))

    assert (back.left, after.left, after.joined) == ({}, {}, ())


def test_round_robin_joins_both_and_leaves_neither() -> None:
    """One answer at a time, turn about: two hosters, no move."""
    turns: list[tuple[float, set[Seat]]] = [(minute, {HERE} if minute % 2 else {THERE}) for minute in range(1, 12)]
    changes = looks(*turns)

    assert all(change.left == {} for change in changes)
    assert {seat for change in changes for seat in change.joined} == {HERE, THERE}


def test_looks_that_disagree_about_the_new_place_do_not_confirm() -> None:
    """Away, but each time somewhere else: not confirmed until two looks agree."""
    *_, third, fourth = looks((0, {HERE}), (10, {THERE}), (12, {ELSEWHERE}), (14, {ELSEWHERE}))

    assert third.left == {}
    assert fourth.left == {HERE: NOON + timedelta(minutes=12)}


SEEN = st.sets(st.sampled_from([HERE, THERE, ELSEWHERE]), min_size=1)


@given(st.lists(st.tuples(st.integers(1, 300), SEEN), max_size=30))
def test_what_stands_was_seen_and_what_left_was_not_seen_since(script: list[tuple[int, set[Seat]]]) -> None:
    """A place leaves if no look in the last `apart` showed it; nothing leaves twice; some place always stands."""
    at, joined = NOON, set[Seat]()
    standing: dict[Seat, Standing] = {}
    last_seen: dict[Seat, datetime] = {}
    for seconds, seen in script:
        at += timedelta(seconds=seconds)
        change = look(standing, frozenset(seen), at, APART)
        last_seen |= dict.fromkeys(seen, at)
        joined |= set(change.joined)
        for seat in change.left:
            assert seat in joined
            assert at - last_seen[seat] >= APART
            assert seat not in change.standing
        joined -= set(change.left)
        assert {seat for seat, place in change.standing.items() if place.joined_at} == joined
        assert joined
        standing = dict(change.standing)


def test_kinds_are_the_first_that_applies() -> None:
    """Fronted before unfronted before returned before country before hoster."""
    nl, nl2, md = (Abode(hoster=n, country=c, fronted=False) for n, c in ((1, "NL"), (2, "NL"), (3, "MD")))
    front = Abode(hoster=9, country="US", fronted=True)

    assert kind_of(nl, front, frozenset()) is MoveKind.FRONTED
    assert kind_of(front, nl, frozenset({(1, "NL")})) is MoveKind.UNFRONTED
    assert kind_of(md, nl2, frozenset({(1, "NL")})) is MoveKind.RETURNED
    assert kind_of(nl2, nl, frozenset({(1, "NL")})) is MoveKind.RETURNED
    assert kind_of(nl, md, frozenset()) is MoveKind.COUNTRY
    assert kind_of(nl, nl2, frozenset({(3, "NL")})) is MoveKind.HOSTER


def test_an_origin_joins_and_leaves_at_once() -> None:
    """It is told by a person: no second look is waited for, and what stood there before keeps its beginning."""
    change = look({}, frozenset({HERE}), NOON, APART)
    joined = behind(change, {}, frozenset(), frozenset({THERE}), NOON)
    later = NOON + APART
    again = behind(change, joined.standing, frozenset({THERE}), frozenset({THERE}), later)
    ended = behind(change, again.standing, frozenset({THERE}), frozenset(), later)

    assert (joined.joined, joined.ended) == ((THERE,), ())
    assert joined.standing[THERE] == Standing(from_at=NOON, seen_at=NOON, joined_at=NOON)
    assert (again.joined, again.standing[THERE].from_at, again.standing[THERE].seen_at) == ((), NOON, later)
    assert (ended.joined, ended.ended, dict(ended.standing)) == ((), (THERE,), {})


def test_a_place_that_the_name_shows_follows_the_rule_of_looks_origin_or_not() -> None:
    """The name leads to the origin itself: nothing joins behind it; when it leads away again, it is kept."""
    shown = look({}, frozenset({HERE}), NOON, APART)
    same = behind(shown, {}, frozenset(), frozenset({HERE}), NOON)
    asked = look(shown.standing, frozenset({THERE}), NOON + APART, APART)
    left = look(asked.standing, frozenset({THERE}), NOON + 2 * APART, APART)
    kept = behind(left, asked.standing, frozenset(), frozenset({HERE}), NOON + 2 * APART)

    assert (same.joined, dict(same.standing), same.kept) == ((), {}, frozenset())
    assert HERE in left.left
    assert (kept.joined, kept.ended, kept.kept) == ((), (), frozenset({HERE}))
    assert kept.standing[HERE].absent_since is None


@given(
    st.frozensets(st.sampled_from([HERE, THERE, ELSEWHERE]), min_size=1),
    st.frozensets(st.sampled_from([HERE, THERE, ELSEWHERE])),
    st.frozensets(st.sampled_from([HERE, THERE, ELSEWHERE])),
)
def test_every_origin_stands_somewhere_and_nothing_else_behind_a_front(
    seen: frozenset[Seat], told: frozenset[Seat], origins: frozenset[Seat]
) -> None:
    """Whatever stood before: each origin is a place of the name or behind it, and what is neither has ended."""
    before = {seat: Standing(from_at=NOON, seen_at=NOON, joined_at=NOON) for seat in told - seen}
    change = look({}, seen, NOON + APART, APART)
    found = behind(change, before, frozenset(before), origins, NOON + APART)

    assert origins <= change.standing.keys() | found.standing.keys()
    assert not found.standing.keys() & change.standing.keys()
    assert set(found.ended) == before.keys() - origins
    assert set(found.joined) == found.standing.keys() - before.keys()
