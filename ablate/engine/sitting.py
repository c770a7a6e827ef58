"""One sitting of a study: its lots begun, alone or side by side, and what comes of them stored by one thread. Free of torch."""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal, Protocol, TypeAlias

from ablate.engine.admission import Admission
from ablate.engine.events import Event, SeatLost, StudyStarted, TrialFailed, TrialFinished
from ablate.engine.interruption import StopSignals
from ablate.engine.pace import Pace
from ablate.engine.places import SeatLostError
from ablate.engine.rounds import FinishedRound, Happening
from ablate.engine.seats import Seat, Seats, Specs, lots, runs_alone
from ablate.engine.trainer import sound
from ablate.store.records import FinishedTrial, Trial
from ablate.store.trials import TrialStore
from ablate.study.schedule import TrialKey, TrialSpec

Stop: TypeAlias = Literal["minutes", "fail_fast", "settled", "hopeless"]
"""What ends a study before its schedule does; "hopeless": what is open cannot be settled in the minutes left."""

MOVED_MARK = "moved"
"""The mark of trials whose block began in a seat that was lost: scores are compared within it, times are not, across processes."""

_LOOK_SECONDS = 0.2
"""How long a signal may wait for the seats to say something."""

_MOST_TOGETHER = 256
"""How many trials are written at once: those that have come meanwhile, where writing takes long beside them."""


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


class Sitting:
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
        look: Callable[[TrialSpec], Stop | None] | None,
    ) -> None:
        self._store, self._executor, self._on_event, self._marks = store, executor, on_event, marks
        self._pace, self._admission, self._signals = pace, admission, signals
        self._fail_fast, self._parallel, self._apart, self._look = fail_fast, parallel, apart, look
        self._announce, self._joined = announce, joined
        # A look counts the blocks in the store, so that nothing may be stored beyond the trial it is asked about.
        self._together = _MOST_TOGETHER if look is None else 1
        self._ended_by: Stop | None = None
        self.pending: deque[Specs] = deque()
        self._left: Counter[tuple[int, int]] = Counter()
        self._next_block: dict[tuple[int, int], TrialSpec] = {}
        self._free_process = 0
        self._seats = list(range(parallel))
        self._in_seat: dict[int, Specs] = {}
        self._kept: set[TrialKey] = set()
        self._moved: set[TrialKey] = set()
        self._unanswered: list[tuple[Seat, FinishedTrial | FinishedRound]] = []

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
                    (kept,) = self._keep([happening])
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
                # Where whoever was told of a trial has broken off.
                while self._unanswered:
                    self._unanswered.pop()[0].go_on(False)
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

    def _take(self, seats: Seats, *, even_failed: bool = True) -> bool:
        """Take what happens next in any seat, if it happens soon; whether trials were kept."""
        waiting = self._unanswered
        for seat, happening in seats.take(_LOOK_SECONDS, most=self._together):
            if not isinstance(happening, FinishedTrial | FinishedRound):
                self._tell(happening)
            # The signal that stops a study may have ended its children too.
            elif isinstance(happening, FinishedTrial) and happening.trial.status != "ok" and not even_failed:
                seat.go_on(False)
            else:
                waiting.append((seat, happening))
        beside = 0 if self._apart else self._parallel - 1
        kept = self._keep([happening for _, happening in waiting], beside=beside)
        for trials in kept:
            seat, _ = waiting.pop(0)
            seat.go_on(not self._ends(trials) and self._goes_on(trials))
        return bool(kept)

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
            self._ended_by = self._ended_by or (self._look(trial.spec) if self._look is not None else None)
        return self._ended_by is not None

    def _keep(self, finished: Sequence[FinishedTrial | FinishedRound], *, beside: int = 0) -> list[tuple[Trial, ...]]:
        """Store trials, those of several seats at once, and tell of them; those of a round together in what is returned."""
        marked = [
            tuple(
                self._marked(one, beside)
                for one in (happening.trials if isinstance(happening, FinishedRound) else (happening,))
            )
            for happening in finished
        ]
        if len(marked) == 1:
            # Each by itself: a disk that fills up keeps what it has room for.
            for one in marked[0]:
                self._store.append(one)
                self._kept_now(one.trial)
        elif marked:
            self._store.extend([one for several in marked for one in several])
            for one in (one for several in marked for one in several):
                self._kept_now(one.trial)
        return [tuple(one.trial for one in several) for several in marked]

    def _kept_now(self, trial: Trial) -> None:
        self._free_process = max(self._free_process, trial.process + 1)
        self._kept.add(trial.spec.key)
        self._tell(TrialFinished(trial=trial) if trial.status == "ok" else TrialFailed(trial=trial))

    def _marked(self, finished: FinishedTrial, beside: int) -> FinishedTrial:
        trial = sound(finished.trial)
        marks = trial.marks + self._marks + ((MOVED_MARK,) if trial.spec.key in self._moved else ())
        received_at = datetime.now(UTC).isoformat(timespec="milliseconds") if trial.seat else ""
        trial = replace(trial, marks=marks, beside=max(beside, trial.beside), received_at=received_at)
        return replace(finished, trial=trial)

    def _tell(self, event: Event) -> None:
        self._pace.observe(event)
        self._on_event(event)


def _part(spec: TrialSpec) -> tuple[int, int]:
    """A process's part of a block."""
    return spec.process, spec.block
