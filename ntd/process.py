"""What we ask of our own process."""

import gc
import resource
from typing import Final

#: New objects until the youngest are searched, and how many such searches until the next older ones are (gc module).
#: Five times 10,000 are 30 ms of pause; with the 200,000 of 20 searches it was 150 ms, for the same work in all. The
#: oldest are searched as seldom as with 20 and 20.
_SEARCHES: Final = (10_000, 4, 100)


def leave_no_core() -> None:
    """Have no image of this process written when it crashes: it would hold keys and URLs in clear."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def collect_seldom() -> None:
    """Have Python look for rings of dead objects less often; call it once everything that stays is there.

    By default each 700 new objects set off a search, and each so often one of everything we keep: with a thousand looks
    under way and ten thousand remembered that is a fifth of the processor and pauses of a third of a second. What is no
    ring goes at once, as ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SEARCHES)
