"""Which hosts follow their standing in one transaction."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ntd.walk.place import ITEMS, batches
from schemas.ids import HostId, ItemId


@given(st.lists(st.integers(0, ITEMS), max_size=12))
def test_hosts_go_together_as_far_as_their_items_fit(sizes: list[int]) -> None:
    """Every host is in one batch, in order; none has more items than fit, and no two neighbours would fit in one."""
    waiting = {HostId(host): [ItemId(UUID(int=n)) for n in range(size)] for host, size in enumerate(sizes)}

    found = list(batches(waiting))

    counts = [sum(map(len, batch.values())) for batch in found]
    assert [host for batch in found for host in batch.items()] == list(waiting.items())
    assert all(count <= ITEMS for count in counts)
    assert all(count + len(next(iter(after.values()))) > ITEMS for count, after in zip(counts, found[1:], strict=False))
