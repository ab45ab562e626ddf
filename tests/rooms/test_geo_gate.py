"""So many at once, so many in a turn, and nobody waits for a place that is free."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from geo.gate import Gate


def run(story: Coroutine[Any, Any, None]) -> None:
    """Run a story that ends, or fail: a place that nobody gets is waited for without end."""

    async def bounded() -> None:
        async with asyncio.timeout(5):
            await story

    asyncio.run(bounded())


def test_of_a_crowd_only_so_many_begin_in_one_turn_of_the_loop() -> None:
    """Whoever comes in the same turn waits for the next ones, in the order of coming, although there are places."""
    begun: list[int] = []

    async def visit(number: int, gate: Gate) -> None:
        async with gate:
            begun.append(number)
            await asyncio.Future()

    async def story() -> None:
        gate, seen = Gate(10, 2), [0]
        crowd = [asyncio.ensure_future(visit(number, gate)) for number in range(7)]
        while len(begun) < len(crowd):
            await asyncio.sleep(0)
            seen.append(len(begun))
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)

        assert begun == list(range(7))
        assert max(after - before for before, after in pairwise(seen)) == 2

    run(story())


@given(
    st.integers(1, 4),
    st.none() | st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.none() | st.integers(0, 6)), max_size=12),
)
def test_nobody_waits_for_a_place_that_is_free(
    places: int, in_a_turn: int | None, visits: list[tuple[int, int, int | None]]
) -> None:
    """Whoever comes, stays and gives up when: never more inside than places, and everybody who stays gets in."""
    inside: set[int] = set()
    most = [0]
    done: set[int] = set()

    async def visit(number: int, comes_after: int, stays: int, gate: Gate) -> None:
        for _ in range(comes_after):
            await asyncio.sleep(0)
        async with gate:
            inside.add(number)
            most[0] = max(most[0], len(inside))
            try:
                for _ in range(stays):
                    await asyncio.sleep(0)
            finally:
                inside.discard(number)
        done.add(number)

    async def give_up(visitor: "asyncio.Task[None]", after: int) -> None:
        for _ in range(after):
            await asyncio.sleep(0)
        visitor.cancel()

    async def story() -> None:
        gate = Gate(places, in_a_turn)
        tasks = [asyncio.ensure_future(visit(n, comes, stays, gate)) for n, (comes, stays, _) in enumerate(visits)]
        leaving = [give_up(tasks[n], gives_up) for n, (_, _, gives_up) in enumerate(visits) if gives_up is not None]
        await asyncio.gather(*leaving)
        await asyncio.gather(*tasks, return_exceptions=True)
        async with AsyncExitStack() as stack:  # and afterwards every place is free again
            for _ in range(places):
                await stack.enter_async_context(gate)

        assert most[0] <= places
        assert done >= {n for n, (_, _, gives_up) in enumerate(visits) if gives_up is None}

    run(story())
