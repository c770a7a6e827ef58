"""Running a study: what is pending is executed and appended, trial by trial. Free of torch."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias

from ablate.engine.admission import Admission
from ablate.engine.events import Event, SeatLost, StudyStarted, TrialFailed, TrialFinished
from ablate.engine.interruption import StopSignals
from ablate.engine.pace import Pace
from ablate.engine.places import SeatLostError
from ablate.engine.rounds import FinishedRound, Happening
from ablate.engine.seats import Seats, Specs, lots, runs_alone
from ablate.engine.trainer import sound
from ablate.errors import InterruptedStudyError, TrialsFailedError
from ablate.store.records import FinishedTrial, Status, Trial
from ablate.store.trials import TrialStore
from ablate.study.schedule import TrialKey, TrialSpec

Stop: TypeAlias = Literal["minutes", "fail_fast", "settled", "hopeless"]
"""What ends a study before its schedule does; "hopeless": what is open cannot be settled in the minutes left."""

LookNow: TypeAlias = Callable[[TrialStore, TrialSpec | None, Callable[[], int | None]], Stop | None]
"""Asked after each trial whether the study stops: the store, the trial (None: before any), and how many blocks the minutes left take.

Nothing is asked of it but at the study's looks, so that it answers at once elsewhere.
"""

MOVED_MARK = "moved"
"""The mark of trials whose block began in a seat that was lost: scores are compared within it, times are not, across processes."""

_LOOK_SECONDS = 0.2
"""How long a signal may wait for the seats to say something."""


def no_look(store: TrialStore, finished: TrialSpec | None, blocks_left: Callable[[], int | None]) -> None:
    """Go on to the end."""


class Executor(Protocol):
    """Runs trials, in this process or in others."""

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[Happening]:
        """Run one process's trials in order, yielding each when it is done and what happens in between; rounds of times come whole.

        `process` is the first process number of the run folder that no stored trial has; a process that takes over from a dead one
        takes the next, and none takes a number that another of this executor has. A trial may start only when the one before it has
        been taken. Closing the iterator ends the process. Where lots run side by side, each is iterated in a thread of its own, in the
        seat of that number, from 0.

        Raises:
            SeatLostError: nothing can be run in that seat any more.
        """

    def give_up(self, seat: int) -> None:
        """Take note that a seat is lost."""

    def halt(self) -> None:
        """Break off, for good, what lots are doing in other threads: their iterators end, and what was in flight has no record."""


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
    parallel: int = 1,
    apart: bool = False,
    announce: Callable[[str], None] = lambda line: None,
    joined: Callable[[], int] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Summary:
    """Run what is pending, each trial appended before the next one starts.

    `minutes`: stop after the whole blocks that fit, judged by the arms' own speeds; one block is always run. `marks` are put on
    every trial (a resume on another machine). `how_to_resume` ends the message of an interruption. Failed trials do not stop the
    others, except with `fail_fast`. `look` says after each trial whether the study stops there. A study that a look has stopped has
    nothing pending but failed trials to be run again. `parallel` lots run at a time, each in a thread of its own, where none of them
    holds times alone, or where seats are `apart`: on hardware of their own. This thread alone stores trials and tells of events. What a
    lost seat leaves goes to another, and of a block that had begun it is marked; `announce` is handed what must be said of that. `joined`
    says how many more seats the executor has than when it was asked last.

    Raises:
        InterruptedStudyError: SIGINT or SIGTERM; what was finished is kept.
        SeatLostError: no seat is left; what was finished is kept.
        UsageError: `minutes` is not a positive number.
        AblateError: the store cannot be written, or the executor cannot start.
    """
    pace = Pace(clock, parallel=parallel, apart=apart)
    admission = Admission(minutes, pace, clock)
    stopped: Stop | None = None

    def blocks_left() -> int | None:
        return admission.blocks_left([spec for spec in schedule if spec.block == 0])

    try:
        with StopSignals() as signals:
            pending = pending_trials(schedule, store, retry_failed=retry_failed)
            settled = look(store, None, blocks_left) if pending else None
            if settled:
                statuses = store.statuses
                pending = tuple(spec for spec in pending if spec.key in statuses)
            run = _Run(
                store,
                executor,
                on_event,
                marks,
                pace,
                admission,
                signals,
                fail_fast,
                parallel,
                apart,
                announce,
                joined,
                lambda spec: look(store, spec, blocks_left),
            )
            run.begin(schedule, pending)
            while run.pending and stopped is None:
                stopped = run.alone() if run.has_to_be_alone() else run.side_by_side()
            if settled and not stopped:
                # What ran again may have changed what was settled.
                stopped = look(store, None, blocks_left) if pending else settled
    except KeyboardInterrupt:
        raise InterruptedStudyError(f"Interrupted; {_what_is_kept(schedule, store, how_to_resume)}") from None
    except SeatLostError as lost:
        kept = _what_is_kept(schedule, store, how_to_resume)
        raise SeatLostError(f"No seat is left; {kept} The last: {lost}", exit_code=lost.exit_code) from lost
    return summarise(schedule, store, stopped=stopped)


def _what_is_kept(schedule: Sequence[TrialSpec], store: TrialStore, how_to_resume: str) -> str:
    done = len(schedule) - summarise(schedule, store).left
    advice = f" Resume with: {how_to_resume}" if how_to_resume else ""
    return f"{done} of {len(schedule)} trials are done and kept.{advice}"


class _Run:
    """One call of `run_study`: what its loops share. `pending` are the lots to begin."""

    def __init__(
        self,
        store: TrialStore,
        executor: Executor,
        on_event: Callable[[Event], None],
        marks: tuple[str, ...],
        pace: Pace,
        admission: Admission,
        signals: StopSignals,
        fail_fast: bool,
        parallel: int,
        apart: bool,
        announce: Callable[[str], None],
        joined: Callable[[], int] | None,
        look: Callable[[TrialSpec], Stop | None],
    ) -> None:
        self._store, self._executor, self._on_event, self._marks = store, executor, on_event, marks
        self._pace, self._admission, self._signals = pace, admission, signals
        self._fail_fast, self._parallel, self._apart, self._look = fail_fast, parallel, apart, look
        self._announce, self._joined = announce, joined
        self._ended_by: Stop | None = None
        self.pending: deque[Specs] = deque()
        self._left: Counter[tuple[int, int]] = Counter()
        self._next_block: dict[tuple[int, int], TrialSpec] = {}
        self._free_process = 0
        self._seats = list(range(parallel))
        self._in_seat: dict[int, Specs] = {}
        self._kept: set[TrialKey] = set()
        self._moved: set[TrialKey] = set()

    def begin(self, schedule: Sequence[TrialSpec], pending: tuple[TrialSpec, ...]) -> None:
        """Say that the study starts, and learn from earlier sittings."""
        if self._store.statuses:
            self._pace.learn(self._recorded())
        self._admission.expect(pending)
        for lot in lots(pending):
            self.pending.append(lot)
            self._left.update(_part(spec) for spec in lot)
            for spec, after in pairwise(lot):
                if spec.block != after.block:
                    self._next_block[_part(spec)] = after
        rounds = tuple(dict.fromkeys(spec.block for spec in schedule if spec.measures == "time"))
        self._tell(
            StudyStarted(
                pending=pending, total=len(schedule), rounds=rounds, parallel=self._parallel, apart=self._apart
            )
        )

    def _recorded(self) -> Iterator[Trial]:
        """The trials of earlier sittings; on the way, the process numbers they took."""
        for trial in self._store:
            self._free_process = max(self._free_process, trial.process + 1)
            yield trial

    def has_to_be_alone(self) -> bool:
        """Whether nothing may run beside the next lot."""
        return self._joined is None and runs_alone(self.pending[0], self._parallel, apart=self._apart)

    def alone(self) -> Stop | None:
        """Run the next lot in this thread; what stopped it before its end."""
        happenings = self._next_lot()
        if happenings is None:
            return "minutes"
        try:
            for happening in happenings:
                if not isinstance(happening, FinishedTrial | FinishedRound):
                    self._tell(happening)
                    continue
                with self._signals.held():
                    kept = self._keep(happening)
                if self._ends(kept):
                    return self._ended_by
                if not self._goes_on(kept):
                    return "minutes"
        finally:
            close = getattr(happenings, "close", None)
            if close is not None:
                close()
        return None

    def side_by_side(self) -> Stop | None:
        """Run the next lots, all that may run beside others, in threads; what stopped them before their end."""
        beside: deque[Specs] = deque()
        while self.pending and not self.has_to_be_alone():
            beside.append(self.pending.popleft())
        last: list[SeatLostError] = []

        def lose(seat: int, error: SeatLostError) -> None:
            last.append(error)
            self._lose(seat, error, beside)

        with Seats(self._seats, lambda seat: self._next_lot(beside, seat), self._executor.halt, lose) as seats:
            try:
                while seats.occupied:
                    with self._signals.held():
                        kept = self._take(seats)
                    self._let_join(seats)
                    if kept and self._ended_by:
                        seats.halt()
            except KeyboardInterrupt:
                seats.halt()
                while seats.occupied:
                    self._take(seats, even_failed=False)
                raise
        stopped = self._ended_by or ("minutes" if self._admission.closed else None)
        if beside and stopped is None:
            raise last[-1]
        return stopped

    def _let_join(self, seats: Seats) -> None:
        for _ in range(self._joined() if self._joined is not None else 0):
            self._seats.append(self._parallel)
            seats.add(self._parallel)
            self._parallel += 1

    def _lose(self, seat: int, error: SeatLostError, pending: "deque[Specs]") -> None:
        """Leave the rest of a lost seat's lot to the others."""
        self._seats = [number for number in self._seats if number != seat]
        self._executor.give_up(seat)
        lot = self._in_seat.pop(seat)
        rest = tuple(spec for spec in lot if spec.key not in self._kept)
        begun = {_part(spec) for spec in lot if spec.key in self._kept}
        self._moved |= {spec.key for spec in rest if _part(spec) in begun}
        if rest:
            pending.appendleft(rest)
        self._tell(SeatLost(seat=seat, reason=str(error), left=len(self._seats)))
        if self._seats:
            self._announce(
                f"A SEAT IS LOST; the study goes on with {len(self._seats)} other{'s' if len(self._seats) > 1 else ''}. {error}"
            )

    def _take(self, seats: Seats, *, even_failed: bool = True) -> tuple[Trial, ...]:
        """Take what happens next in any seat, if it happens soon; the trials that were kept."""
        taken = seats.take(_LOOK_SECONDS)
        if taken is None:
            return ()
        seat, happening = taken
        if not isinstance(happening, FinishedTrial | FinishedRound):
            self._tell(happening)
            return ()
        # The signal that stops a study may have ended its children too.
        if isinstance(happening, FinishedTrial) and happening.trial.status != "ok" and not even_failed:
            seat.go_on(False)
            return ()
        kept = self._keep(happening, beside=0 if self._apart else self._parallel - 1)
        seat.go_on(not self._ends(kept) and self._goes_on(kept))
        return kept

    def _next_lot(self, pending: "deque[Specs] | None" = None, seat: int = 0) -> Iterator[Happening] | None:
        """Start the next lot that there is time for, in a seat; None: there is none."""
        pending = self.pending if pending is None else pending
        while pending:
            lot = pending.popleft()
            if self._admission.admits(lot[0]):
                self._in_seat[seat] = lot
                return self._executor.execute(lot, self._free_process, seat)
        return None

    def _goes_on(self, kept: tuple[Trial, ...]) -> bool:
        """Whether there is time for what comes after these trials in their lot: always, within a block."""
        for trial in kept:
            part = _part(trial.spec)
            self._left[part] -= 1
            if not self._left[part] and part in self._next_block and not self._admission.admits(self._next_block[part]):
                return False
        return True

    def _ends(self, kept: tuple[Trial, ...]) -> bool:
        """Whether these trials end the study, by failing or by what a look shows; once it has ended nothing is asked any more."""
        if self._ended_by is None and self._fail_fast and any(trial.status != "ok" for trial in kept):
            self._ended_by = "fail_fast"
        for trial in kept:
            self._ended_by = self._ended_by or self._look(trial.spec)
        return self._ended_by is not None

    def _keep(self, finished: FinishedTrial | FinishedRound, *, beside: int = 0) -> tuple[Trial, ...]:
        """Store trials, each by itself, and tell of them."""
        kept = []
        for one in finished.trials if isinstance(finished, FinishedRound) else (finished,):
            trial = sound(one.trial)
            marks = trial.marks + self._marks + ((MOVED_MARK,) if trial.spec.key in self._moved else ())
            received_at = datetime.now(UTC).isoformat(timespec="milliseconds") if trial.seat else ""
            trial = replace(trial, marks=marks, beside=max(beside, trial.beside), received_at=received_at)
            self._store.append(replace(one, trial=trial))
            self._free_process = max(self._free_process, trial.process + 1)
            self._tell(TrialFinished(trial=trial) if trial.status == "ok" else TrialFailed(trial=trial))
            self._kept.add(trial.spec.key)
            kept.append(trial)
        return tuple(kept)

    def _tell(self, event: Event) -> None:
        self._pace.observe(event)
        self._on_event(event)


def _part(spec: TrialSpec) -> tuple[int, int]:
    """A process's part of a block."""
    return spec.process, spec.block
