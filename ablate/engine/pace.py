"""How long trials take, learned from the arms' own speeds: for the time left and for `--minutes`. Free of torch."""

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from statistics import median

from ablate.engine.events import (
    ArmRetired,
    Event,
    ProcessDied,
    ProcessStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.store.records import Trial
from ablate.study.schedule import TrialSpec

_REMEMBERED = 32


class Pace:
    """Seconds a trial of each arm takes, and seconds that a fresh process needs to start and warm up.

    Medians of the last trials, so that one odd trial, or a clock that jumps, does not spoil the estimate. What this run has seen
    counts before what earlier trials have recorded.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: defaultdict[str, deque[float]] = defaultdict(_few)
        self._recorded: defaultdict[str, deque[float]] = defaultdict(_few)
        self._warm_ups: defaultdict[int, float] = defaultdict(float)
        self._since = clock()
        self._starting = False

    def learn(self, trials: Iterable[Trial]) -> None:
        """Take the durations that finished trials have recorded."""
        for trial in trials:
            measured = trial.measurements
            if measured is not None:
                self._recorded[trial.spec.arm].append(measured.seconds_taken)
                if measured.warm_up_seconds:
                    self._warm_ups[trial.process] += measured.warm_up_seconds

    def observe(self, event: Event) -> None:
        """Learn from what just happened."""
        now = self._clock()
        passed = max(0.0, now - self._since)
        if isinstance(event, TrialFinished | TrialFailed):
            self._seen[event.trial.spec.arm].append(passed)
        elif isinstance(event, WarmUpFinished) or (self._starting and isinstance(event, WarmUpStarted | TrialStarted)):
            self._warm_ups[event.process] += passed
        if not isinstance(event, ProcessDied | ArmRetired):
            self._since = now
            self._starting = isinstance(event, ProcessStarted)

    def trial_seconds(self, arm: str) -> float | None:
        """What a trial of the arm takes; of an arm never seen, what those of the others take. None: nothing is known."""
        for known in (self._seen, self._recorded):
            if known.get(arm):
                return median(known[arm])
        others = [median(durations) for known in (self._seen, self._recorded) for durations in known.values()]
        return median(others) if others else None

    def warm_up_seconds(self) -> float:
        """What starting and warming up a fresh process costs: the most that any process has needed."""
        return max(self._warm_ups.values(), default=0.0)

    def seconds(self, specs: Iterable[TrialSpec], *, fresh_processes: int = 0) -> float | None:
        """What these trials will take, and the warm-ups of processes still to start. None: nothing is known."""
        counts: defaultdict[str, int] = defaultdict(int)
        for spec in specs:
            counts[spec.arm] += 1
        total = fresh_processes * self.warm_up_seconds()
        for arm, count in counts.items():
            each = self.trial_seconds(arm)
            if each is None:
                return None
            total += count * each
        return total


def _few() -> deque[float]:
    return deque(maxlen=_REMEMBERED)
