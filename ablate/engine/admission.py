"""Which blocks there is time for. Free of torch."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable

from ablate.engine.pace import Pace
from ablate.errors import UsageError
from ablate.study.schedule import TrialSpec


class Admission:
    """Admits the whole blocks that fit into `minutes`, judged by the arms' own speeds; always the first that asks, and all without limit.

    A block is decided on once, for all who run parts of it; after the first refusal no other is admitted.

    Raises:
        UsageError: `minutes` is not a positive number.
    """

    def __init__(self, minutes: float | None, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
            raise UsageError(f"--minutes takes a positive number, not {minutes}.")
        self._minutes, self._pace, self._clock = minutes, pace, clock
        self._started = clock()
        self._blocks: defaultdict[int, list[TrialSpec]] = defaultdict(list)
        self._admitted: set[int] = set()
        self._begun: set[int] = set()
        self.closed = False

    def expect(self, pending: Iterable[TrialSpec]) -> None:
        """Learn what the blocks consist of."""
        for spec in pending:
            self._blocks[spec.block].append(spec)

    def admits(self, spec: TrialSpec) -> bool:
        """Whether there is time for a trial's block; to be asked when a lot comes to the block."""
        if spec.block not in self._admitted:
            self.closed = self.closed or self._is_too_long(self._blocks[spec.block])
            if self.closed:
                return False
            self._admitted.add(spec.block)
        self._begun.add(spec.process)
        return True

    def blocks_left(self, block: Iterable[TrialSpec]) -> int | None:
        """How many blocks like this one the rest of the time given takes, at least; None without limit."""
        if self._minutes is None:
            return None
        needed = self._pace.seconds(block) or math.inf
        return max(0, int((self._minutes * 60 - (self._clock() - self._started)) // needed))

    def _is_too_long(self, block: list[TrialSpec]) -> bool:
        if self._minutes is None or not self._admitted:
            return False
        fresh = {spec.process for spec in block} - self._begun
        needed = self._pace.seconds(block, fresh_processes=fresh) or 0.0
        return max(0.0, self._clock() - self._started) + needed > self._minutes * 60
