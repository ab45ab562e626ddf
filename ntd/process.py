"""What we ask of our own process."""

import gc
import resource
from typing import Final

#: New objects until the youngest are searched, and how many such searches until the next older ones are (gc module).
#: Five thousand looks under way are some 300,000 objects that all stay: each is searched twice at any setting, but what
#: has gone by the fifty-thousandth is not searched at all. Measured there: a tenth of a second of pauses in all, 50 ms
#: the longest; with 10,000, 20 and 20 half a second and 150 ms. A burst from memory (25,000) sets off none. The oldest
#: are searched as seldom as before: after four million.
_SEARCHES: Final = (50_000, 0, 40)


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
