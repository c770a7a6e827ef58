"""Reading much at once without Python's garbage collector in between."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_MANY = 50_000
"""New objects of which a look at all of them is felt: some 7,000 trials."""


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the collector of reference cycles for as long as it lasts, or for as long as a function that it decorates runs.

    Every few hundred new objects it looks for cycles among them, and every now and then among all there are. A record is a tree:
    of 100,000 trials there is nothing to collect, and looking took a fifth of a report's time. Whoever has it off keeps it off.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            # To and fro, new objects come among the oldest, rather than under the very next look at the youngest. What somebody
            # else has frozen would come back with them; to count that takes time too.
            if gc.get_count()[0] > _MANY and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
