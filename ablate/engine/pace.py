"""How long trials take, learned from the arms' own speeds: for the time left and for `--minutes`. Free of torch."""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable
from statistics import median
from typing import TypeAlias

from ablate.engine.events import (
    ArmRetired,
    Event,
    ProcessDied,
    ProcessStarted,
    RoundsRetired,
    RoundStarted,
    SeatLost,
    StudyStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.store.records import Trial
from ablate.study.schedule import Measures, TrialKey, TrialSpec

_REMEMBERED = 32
_Durations: TypeAlias = defaultdict[tuple[str, Measures], deque[float]]


class Pace:
    """Seconds a trial of each arm takes, and seconds that a fresh process needs to start and warm up.

    Medians of the last trials, so that one odd trial, or a clock that jumps, does not spoil the estimate. What this run has seen
    counts before what earlier trials have recorded. What an arm takes depends on what is measured; in a round of times it takes its
    share. `parallel` lots run at a time, where none of them holds times or where seats are `apart`; a study that starts says so itself.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, parallel: int = 1, apart: bool = False) -> None:
        self._clock, self._parallel, self._apart = clock, parallel, apart
        self._seen: _Durations = defaultdict(_few)
        self._recorded: _Durations = defaultdict(_few)
        self._expected: dict[tuple[str, Measures], float] = {}
        self._warm_ups: defaultdict[int, float] = defaultdict(float)
        # Of each process, because several may be at work; of one that has said nothing yet, what anyone said last.
        self._since: dict[int, float] = {}
        self._last = clock()
        self._starting: set[int] = set()
        self._shares: dict[TrialKey, float] = {}
        self._round_of: dict[int, RoundStarted] = {}

    def learn(self, trials: Iterable[Trial]) -> None:
        """Take the durations that finished trials have recorded."""
        for trial in trials:
            measured = trial.measurements
            if measured is not None:
                self._recorded[_kind(trial.spec)].append(measured.seconds_taken)
                if measured.warm_up_seconds:
                    self._warm_ups[trial.process] += measured.warm_up_seconds

    def expect(self, arm: str, measures: Measures, seconds: float) -> None:
        """Take what a trial of the arm is thought to take, for as long as no trial that measures the same has been seen or recorded."""
        self._expected[arm, measures] = seconds

    def observe(self, event: Event) -> None:
        """Learn from what just happened."""
        now = self._clock()
        if isinstance(event, StudyStarted):
            self._parallel, self._apart = event.parallel, event.apart
        elif isinstance(event, SeatLost):
            self._parallel = max(1, event.left)
        process = _process(event)
        if process is None:
            if not isinstance(event, ArmRetired | RoundsRetired | SeatLost):
                self._last = now
            return
        passed = max(0.0, now - self._since.get(process, self._last))
        if isinstance(event, TrialFinished | TrialFailed):
            self._seen[_kind(event.trial.spec)].append(self._share(event.trial, passed))
        elif isinstance(event, WarmUpFinished) or (
            process in self._starting and isinstance(event, WarmUpStarted | TrialStarted | RoundStarted)
        ):
            self._warm_ups[process] += passed
        if isinstance(event, RoundStarted):
            self._round_of[process] = event
        if not isinstance(event, ProcessDied):
            self._since[process] = self._last = now
            self._starting.discard(process)
        if isinstance(event, ProcessStarted):
            self._starting.add(process)

    def _share(self, trial: Trial, passed: float) -> float:
        """What a trial took: of a round, whose trials come all at once, an equal part."""
        begun = self._round_of.pop(trial.process, None)
        if begun is not None:
            self._shares = {spec.key: passed / len(begun.specs) for spec in begun.specs}
        return self._shares.pop(trial.spec.key, passed)

    def trial_seconds(self, arm: str, measures: Measures = "both") -> float | None:
        """What a trial of the arm takes; of an arm never seen, what those of the others take. None: nothing is known."""
        for known in (self._seen, self._recorded):
            if known.get((arm, measures)):
                return median(known[arm, measures])
        others = [
            median(durations)
            for known in (self._seen, self._recorded)
            for (_, measured), durations in known.items()
            if measured == measures
        ]
        return median(others) if others else self._expected.get((arm, measures))

    def warm_up_seconds(self) -> float:
        """What starting and warming up a fresh process costs: the most that any process has needed."""
        return max(self._warm_ups.values(), default=0.0)

    def seconds(self, specs: Iterable[TrialSpec], *, fresh_processes: Collection[int] = ()) -> float | None:
        """What these trials will take, and the warm-ups of those of their processes that are still to start. None: nothing is known.

        Lots that run side by side take as long as the seat that has most to do.
        """
        counts: defaultdict[int, Counter[tuple[str, Measures]]] = defaultdict(Counter)
        for spec in specs:
            counts[spec.process][_kind(spec)] += 1
        alone = 0.0
        seats = [0.0] * self._parallel
        for process, kinds in counts.items():
            lot = self.warm_up_seconds() if process in fresh_processes else 0.0
            for (arm, measures), count in kinds.items():
                each = self.trial_seconds(arm, measures)
                if each is None:
                    return None
                lot += count * each
            if self._parallel == 1 or (not self._apart and any(measures == "time" for _, measures in kinds)):
                alone += lot
            else:
                seats[seats.index(min(seats))] += lot
        return alone + max(seats)


def _kind(spec: TrialSpec) -> tuple[str, Measures]:
    """What makes trials take equally long."""
    return spec.arm, spec.measures


def _process(event: Event) -> int | None:
    """The process that an event is of, if it is of one."""
    if isinstance(event, TrialFinished | TrialFailed):
        return event.trial.process
    return getattr(event, "process", None)


def _few() -> deque[float]:
    return deque(maxlen=_REMEMBERED)
