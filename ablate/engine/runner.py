"""Running a study: what is pending is executed and appended, trial by trial. Free of torch."""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Literal, Protocol, TypeAlias

from ablate.engine.events import Event, StudyStarted, TrialFailed, TrialFinished
from ablate.engine.interruption import StopSignals
from ablate.engine.pace import Pace
from ablate.errors import InterruptedStudyError, TrialsFailedError, UsageError
from ablate.formats.printable import printable
from ablate.store.records import FinishedTrial, Status, Trial
from ablate.store.trials import TrialStore
from ablate.study.schedule import TrialSpec

Stop: TypeAlias = Literal["minutes", "fail_fast", "settled", "hopeless"]
"""What ends a study before its schedule does; "hopeless": what is open cannot be settled in the minutes left."""

LookNow: TypeAlias = Callable[[TrialStore, TrialSpec | None, Callable[[], int | None]], Stop | None]
"""Asked after each trial whether the study stops: the store, the trial (None: before any), and how many blocks the minutes left take.

Nothing is asked of it but at the study's looks, so that it answers at once elsewhere.
"""


def no_look(store: TrialStore, finished: TrialSpec | None, blocks_left: Callable[[], int | None]) -> None:
    """Go on to the end."""


class Executor(Protocol):
    """Runs trials, one after another, in this process or in others."""

    def execute(self, specs: Sequence[TrialSpec], process: int) -> Iterator[FinishedTrial | Event]:
        """Run one process's trials in order, yielding each when it is done and what happens in between.

        `process` is the first process number of the run folder that is free; a process that takes over from a dead one takes the
        next. A trial may start only when the one before it has been taken. Closing the iterator ends the process.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a study stands: the schedule's trials by the status of their last record, and those without one.

    `stopped` says what ended it before its schedule did.
    """

    ok: int
    failed: int
    timeout: int
    left: int
    stopped: Stop | None = None

    def raise_for_failures(self, how_to_resume: str = "ablate study resume DIR") -> None:
        """Raise TrialsFailedError if a trial failed or timed out; `how_to_resume` is the command that goes on with the study."""
        bad = self.failed + self.timeout
        if bad:
            raise TrialsFailedError(
                f"{bad} of {bad + self.ok} trials failed; `{how_to_resume} --retry-failed` runs them again."
            )


def pending_trials(
    schedule: Sequence[TrialSpec], store: TrialStore, *, retry_failed: bool = False
) -> tuple[TrialSpec, ...]:
    """The schedule without what is finished; with `retry_failed`, failed and timed-out trials are pending too."""
    statuses = store.statuses
    done = {key for key, status in statuses.items() if status == "ok" or not retry_failed}
    return tuple(spec for spec in schedule if spec.key not in done)


def summarise(schedule: Sequence[TrialSpec], store: TrialStore, *, stopped: Stop | None = None) -> Summary:
    """How the schedule stands in the store."""
    statuses = store.statuses
    counts: Counter[Status | None] = Counter(statuses.get(spec.key) for spec in schedule)
    return Summary(
        ok=counts["ok"], failed=counts["failed"], timeout=counts["timeout"], left=counts[None], stopped=stopped
    )


def run_study(
    schedule: Sequence[TrialSpec],
    store: TrialStore,
    executor: Executor,
    *,
    on_event: Callable[[Event], None] = lambda event: None,
    minutes: float | None = None,
    fail_fast: bool = False,
    retry_failed: bool = False,
    marks: tuple[str, ...] = (),
    how_to_resume: str = "",
    look: LookNow = no_look,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """Run what is pending, each trial appended before the next one starts.

    `minutes`: stop after the whole blocks that fit, judged by the arms' own speeds; one block is always run. `marks` are put on
    every trial (a resume on another machine). `how_to_resume` ends the message of an interruption. Failed trials do not stop the
    others, except with `fail_fast`. `look` says after each trial whether the study stops there. A study that a look has stopped has
    nothing pending but failed trials to be run again.

    Raises:
        InterruptedStudyError: SIGINT or SIGTERM; what was finished is kept.
        UsageError: `minutes` is not a positive number.
        AblateError: the store cannot be written, or the executor cannot start.
    """
    if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
        raise UsageError(f"--minutes takes a positive number, not {minutes}.")
    run = _Run(store, executor, on_event, marks, Pace(clock))
    started = clock()

    def enough(block: Sequence[TrialSpec], fresh_process: bool) -> bool:
        """Whether a block would end after the time given."""
        if minutes is None or not run.count:
            return False
        needed = run.pace.seconds(block, fresh_processes=int(fresh_process)) or 0.0
        return max(0.0, clock() - started) + needed > minutes * 60

    def blocks_left() -> int | None:
        """How many blocks the rest of the time given takes, at least."""
        if minutes is None:
            return None
        one = [spec for spec in schedule if spec.block == schedule[-1].block]
        needed = run.pace.seconds(one) or math.inf
        return max(0, int((minutes * 60 - (clock() - started)) // needed))

    stopped: Stop | None = None
    try:
        with StopSignals() as signals:
            pending = pending_trials(schedule, store, retry_failed=retry_failed)
            settled = look(store, None, blocks_left) if pending else None
            if settled:
                statuses = store.statuses
                pending = tuple(spec for spec in pending if spec.key in statuses)
            run.begin(pending, len(schedule))
            for _, lot in groupby(pending, key=lambda spec: spec.process):
                stopped = run.lot(tuple(lot), signals, enough, fail_fast, lambda spec: look(store, spec, blocks_left))
                if stopped:
                    break
            if settled and not stopped:
                # What ran again may have changed what was settled.
                stopped = look(store, None, blocks_left) if pending else settled
    except KeyboardInterrupt:
        summary = summarise(schedule, store)
        done = len(schedule) - summary.left
        advice = f" Resume with: {how_to_resume}" if how_to_resume else ""
        raise InterruptedStudyError(
            f"Interrupted; {done} of {len(schedule)} trials are done and kept.{advice}"
        ) from None
    return summarise(schedule, store, stopped=stopped)


class _Run:
    """One call of `run_study`: what its loops share."""

    def __init__(
        self,
        store: TrialStore,
        executor: Executor,
        on_event: Callable[[Event], None],
        marks: tuple[str, ...],
        pace: Pace,
    ) -> None:
        self._store, self._executor, self._on_event, self._marks = store, executor, on_event, marks
        self.pace = pace
        self._free_process = 0
        self.count = 0

    def begin(self, pending: tuple[TrialSpec, ...], total: int) -> None:
        if self._store.statuses:
            self.pace.learn(self._recorded())
        self._tell(StudyStarted(pending=pending, total=total))

    def _recorded(self) -> Iterator[Trial]:
        """The trials of earlier sittings; on the way, the process numbers they took."""
        for trial in self._store:
            self._free_process = max(self._free_process, trial.process + 1)
            yield trial

    def lot(
        self,
        specs: tuple[TrialSpec, ...],
        signals: StopSignals,
        enough: Callable[[Sequence[TrialSpec], bool], bool],
        fail_fast: bool,
        look: Callable[[TrialSpec], Stop | None],
    ) -> Stop | None:
        """Run one process's trials; what stopped them before their end."""
        blocks = {block: tuple(group) for block, group in groupby(specs, key=lambda spec: spec.block)}
        if enough(blocks[specs[0].block], True):
            return "minutes"
        following = dict(zip((spec.key for spec in specs), specs[1:], strict=False))
        happenings = self._executor.execute(specs, self._free_process)
        try:
            for happening in happenings:
                if not isinstance(happening, FinishedTrial):
                    self._tell(happening)
                    continue
                with signals.held():
                    trial = self._keep(happening)
                if fail_fast and trial.status != "ok":
                    return "fail_fast"
                stopped = look(trial.spec)
                if stopped:
                    return stopped
                after = following.get(trial.spec.key)
                if after is not None and after.block != trial.spec.block and enough(blocks[after.block], False):
                    return "minutes"
        finally:
            close = getattr(happenings, "close", None)
            if close is not None:
                close()
        return None

    def _keep(self, finished: FinishedTrial) -> Trial:
        trial = _sound(finished.trial)
        trial = replace(trial, marks=trial.marks + self._marks)
        self._store.append(replace(finished, trial=trial))
        self.count += 1
        self._free_process = max(self._free_process, trial.process + 1)
        self._tell(TrialFinished(trial=trial) if trial.status == "ok" else TrialFailed(trial=trial))
        return trial

    def _tell(self, event: Event) -> None:
        self.pace.observe(event)
        self._on_event(event)


def _sound(trial: Trial) -> Trial:
    """The trial, failed if it measured something that is not a number, its error on one line whatever its trainer said."""
    if trial.error is not None:
        trial = replace(trial, error=printable(trial.error))
    if trial.measurements is None:
        return trial
    for name, value in asdict(trial.measurements).items():
        numbers = value if isinstance(value, tuple) else (value,)
        if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
            return replace(
                trial,
                status="failed",
                measurements=None,
                error=f"{name} came out as {value}; the training diverged or its trainer is wrong",
            )
    return trial
