"""Limits that hold for all daemons together; who looks in a round; what is looked at now and what later."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.asking import fields_of
from monitor.assigning import assigned, noise_of, one_of
from monitor.shares import Share
from ntd.pacing import (
    ELSEWHERE,
    FIRST_LOOK_S,
    LATEST,
    RETRY_AFTER_MOST,
    SOONEST,
    WAITING_PER_TURN,
    Due,
    Pacing,
    quiet_until,
    spread,
)
from schemas.ids import HostId, ItemId

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOST = HostId(7)
SEEDS = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))


def due(count: int, host: HostId = HOST) -> list[Due[int]]:
    """Make items of one host that are due; each is known by its number."""
    chance = [n * 2**32 // max(1, count) for n in range(count)]
    return [Due(item=ItemId(UUID(int=n)), host=host, name=f"img.s{host}.test", job=job) for job, n in enumerate(chance)]


# ── shares ──


@given(limit=st.integers(1, 200), of=st.integers(1, 40), key=st.text(max_size=40))
def test_parts_make_up_the_limit(limit: int, of: int, key: str) -> None:
    """Whatever the limit and however many daemons, their parts add up to it, and differ by one at most."""
    parts = [Share(rank=rank, of=of).part(limit, key) for rank in range(of)]

    assert sum(parts) == limit
    assert max(parts) - min(parts) <= 1


def test_parts_that_cannot_be_even_are_dealt_out_evenly() -> None:
    """With more daemons than turns each has some hosts, about as many as the others."""
    have = Counter(rank for n in range(3000) for rank in range(3) if Share(rank=rank, of=3).part(1, f"h{n}.test"))

    assert sum(have.values()) == 3000
    assert all(900 < have[rank] < 1100 for rank in range(3))


# ── who looks ──

NETWORKS = {"a": "x", "b": "x", "c": "y", "d": "z", "e": "x"}


@given(seed=SEEDS, count=st.integers(1, 6))
def test_vantages_are_drawn_from_as_many_networks_as_can_be(seed: UUID, count: int) -> None:
    """Nobody is drawn twice; networks repeat only when each had its turn; the same item and moment draw the same."""
    drawn = assigned(NETWORKS, count, noise_of(seed, NOW, "vantages"))

    assert len(drawn) == len(set(drawn)) == min(count, 5)
    assert len({NETWORKS[name] for name in drawn}) == min(count, 3)
    assert drawn == assigned(NETWORKS, count, noise_of(seed, NOW, "vantages"))


def test_every_vantage_has_its_turn_first() -> None:
    """Over many rounds chance prefers nobody of its network, and no round follows from the one before."""
    firsts = Counter(
        assigned(NETWORKS, 2, noise_of(UUID(int=5), NOW + timedelta(hours=n), "vantages"))[0] for n in range(1000)
    )

    assert set(firsts) == set(NETWORKS)
    assert all(140 < count < 260 for count in firsts.values())


def test_one_is_chosen_of_several() -> None:
    """Each choice comes up; what chance is for makes it another chance."""
    seen = {one_of("abc", noise_of(UUID(int=n), NOW, "agent")) for n in range(50)}

    assert seen == {"a", "b", "c"}
    assert noise_of(UUID(int=1), NOW, "agent") != noise_of(UUID(int=1), NOW, "vantages")


# ── pace ──


def test_a_host_takes_so_many_at_once_and_the_others_are_spread() -> None:
    """Two turns take ten items; ninety more come when the host will be free, a quarter of a second each."""
    pacing = Pacing(2)
    go, later = pacing.admit(due(100), {}, NOW)
    times = [at - NOW for _, at in later]

    assert len(go) == 2 * (1 + WAITING_PER_TURN)
    assert len(later) == 90
    assert min(times) >= SOONEST
    assert max(times) <= 90 * timedelta(seconds=FIRST_LOOK_S / 2) + 2 * SOONEST
    assert len({time // timedelta(seconds=1) for time in times}) >= 20


def test_an_end_makes_room() -> None:
    """As many go as have come back; the pace follows the looks, and a look that was not done says nothing of it."""
    pacing = Pacing(1)
    pacing.admit(due(5), {}, NOW)
    full, _ = pacing.admit(due(1), {}, NOW)
    pacing.over(HOST, None)
    one, _ = pacing.admit(due(3), {}, NOW)
    for _ in range(5):
        pacing.over(HOST, 10.0)
    _, later = pacing.admit(due(1000), {}, NOW)

    assert (full, one) == ([], [0])
    assert max(at for _, at in later) > NOW + timedelta(minutes=9)
    assert max(at for _, at in later) <= NOW + LATEST + SOONEST


def test_other_hosts_are_not_held_up() -> None:
    """A host with too many items takes no turn from another."""
    pacing = Pacing(2)
    go, later = pacing.admit([*due(50), *due(3, HostId(8))], {}, NOW)

    assert (len(go), len(later)) == (13, 40)


def test_a_host_without_a_turn_here_is_left_to_the_others() -> None:
    """Where this daemon has no part of a host's limit, its items are due again in a moment, for somebody else."""
    pacing = Pacing(1)
    pacing.share = next(one for rank in range(2) if not (one := Share(rank=rank, of=2)).part(1, "img.s7.test"))
    go, later = pacing.admit(due(5), {}, NOW)

    assert go == []
    assert all(ELSEWHERE / 2 <= at - NOW <= 2 * ELSEWHERE for _, at in later)


def test_a_quiet_host_is_not_asked_before() -> None:
    """No item of a host that said Retry-After is looked at before, nor all of them at that moment."""
    until = NOW + timedelta(minutes=10)
    go, later = Pacing(2).admit(due(20), {HOST: until}, NOW)

    assert go == []
    assert all(until <= at <= until + timedelta(minutes=1, seconds=1) for _, at in later)
    assert len({at for _, at in later}) == 20
    assert len(Pacing(2).admit(due(5), {HOST: NOW}, NOW)[0]) == 5


@pytest.mark.parametrize(
    ("asked_s", "granted"),
    [(0.0, timedelta()), (90.0, timedelta(seconds=90)), (3600.0, RETRY_AFTER_MOST), (1e300, RETRY_AFTER_MOST)],
)
def test_retry_after_is_bounded(asked_s: float, granted: timedelta) -> None:
    """What a server asks for is granted, but no way out of being looked at."""
    assert quiet_until(asked_s, NOW) == NOW + granted


@given(item=SEEDS, over_s=st.integers(0, 100_000))
def test_spread_lies_within(item: UUID, over_s: int) -> None:
    """The moment lies within the span, the same for the same item."""
    at = spread(ItemId(item), NOW, timedelta(seconds=over_s))

    assert NOW <= at <= NOW + timedelta(seconds=over_s)
    assert at == spread(ItemId(item), NOW, timedelta(seconds=over_s))


def test_hosts_are_forgotten_while_nobody_looks() -> None:
    """What is remembered of hosts is bounded, and what is under way is never forgotten."""
    pacing = Pacing(1)
    pacing.admit(due(5), {}, NOW)
    for n in range(10_050):
        go, _ = pacing.admit(due(1, HostId(100 + n)), {}, NOW)
        pacing.over(HostId(100 + n), 0.1)
        assert len(go) == 1

    assert pacing.admit(due(1), {}, NOW)[0] == []


# ── the head of a request ──


def test_a_request_is_a_browsers() -> None:
    """The lines come in a browser's order; a referrer stands among them, and one that fits no line is left away."""
    plain, referred = fields_of("Fox/1", "nl"), fields_of("Fox/1", "nl", "https://a.test/")
    broken = fields_of("Fox/1", "nl", "https://a.test/\r\nCookie: x")
    names = [line.partition(b":")[0].decode() for line in referred.splitlines()]

    assert plain.startswith(b"User-Agent: Fox/1\r\nAccept: text/html,")
    assert b"Accept-Language: nl\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n" in plain
    assert names[3:6] == ["Accept-Encoding", "Referer", "Connection"]
    assert (b"Sec-Fetch-Site: none" in plain, b"Sec-Fetch-Site: cross-site" in referred) == (True, True)
    assert broken == plain
