"""One process's trials, run in a child that is replaced when it dies. Free of torch."""

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ablate import errors
from ablate.engine.child import ChildDiedError, ChildTimeoutError, HaltedError
from ablate.engine.deaths import Deaths
from ablate.engine.events import (
    Event,
    ProcessDied,
    ProcessStarted,
    RoundStarted,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.engine.hello import Admitted, Muster
from ablate.engine.places import NeverRanError, Place, SeatLostError, Worker
from ablate.engine.rounds import FinishedRound, Happening, is_round, pieces
from ablate.engine.trainer import failed
from ablate.engine.worker import command_for
from ablate.errors import AblateError, UsageError
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

_SIGNAL_SECONDS = 0.05

STARTS_TO_GIVE_UP = 3
"""How many workers in a row a place may lose before their first trial."""

PAUSES_SECONDS = (0.0, 2.0)
"""How long to wait after the first such loss, and after any other."""


@dataclass(slots=True, kw_only=True)
class Common:
    """What all lots of an executor share, also those that other threads run; see `executors.ChildExecutor`.

    With a `muster`, seats have hardware of their own: their workers say hello, and what cannot be done in one seat is left to others.
    """

    factory: str
    arguments: Mapping[str, Any]
    untried: Callable[[TrialSpec, int], FinishedTrial]
    announce: Callable[[str], None]
    trial_seconds: float | None
    start_seconds: float | None
    muster: Muster | None = None
    deaths: Deaths = field(default_factory=Deaths)
    templates: dict[tuple[str, str], FinishedTrial] = field(default_factory=dict)
    halted: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _said: set[str] = field(default_factory=set)
    _free_process: int = 0

    def take_number(self, free: int) -> int:
        """A process number, `free` or more, that no other lot gets."""
        with self._lock:
            number = max(free, self._free_process)
            self._free_process = number + 1
            return number

    def say_once(self, remarks: Sequence[str]) -> None:
        """Announce what no child's trainer has said before."""
        with self._lock:
            for remark in remarks:
                if remark not in self._said:
                    self._said.add(remark)
                    self.announce(remark)


class Lot:
    """The trials of one process, in workers of one place. `free` is the first process number that no trial on disk has."""

    def __init__(self, common: Common, free: int, place: Place) -> None:
        self._common, self._free, self._place = common, free, place
        self._child: Worker | None = None
        self._admitted, self._host = Admitted(), ""
        self._never_ran = 0
        self._number: int | None = None
        self._restart = False
        self._warming: str | None = None
        self._limit: float | None = None

    def run(self, specs: Sequence[TrialSpec]) -> Iterator[Happening]:
        """See `runner.Executor`; ends without more ado when it is halted."""
        try:
            for piece in pieces(specs):
                for happening in self._piece(piece):
                    yield self._stamped(happening)
        except HaltedError:
            return
        finally:
            if self._child is not None:
                self._child.kill() if self._child.busy or self._common.halted.is_set() else self._child.end()

    @property
    def _process(self) -> int:
        """The number of the process, taken when it is needed."""
        if self._number is None:
            self._number = self._common.take_number(self._free)
        return self._number

    def _piece(self, piece: Sequence[TrialSpec]) -> Iterator[Happening]:
        """Run a trial, or a round of times, until each has a record: deaths leave the rest of a round to the next child."""
        left = {}
        for spec in piece:
            reason = self._common.deaths.why_retired(spec)
            if reason is None:
                left[spec.arm] = spec
            else:
                yield failed(self._record(spec), reason)
        while left:
            self._warming, self._limit = None, self._common.start_seconds
            try:
                child = self._child
                if child is None:
                    child = yield from self._start()
                yield from self._serve(child, left)
            except NeverRanError as loss:
                yield from self._start_over(loss)
            except (ChildDiedError, ChildTimeoutError) as death:
                yield from self._mourn(death, left)

    def _start(self) -> Generator[Event, None, Worker]:
        child = self._place.start(self._common.factory, self._common.arguments, self._common.halted)
        self._child = child
        yield ProcessStarted(process=self._process, process_id=child.process_id, restart=self._restart)
        ready = self._checked(child.receive(self._limit))
        if self._common.muster is not None and "hello" in ready:
            admitted = self._common.muster.admit(self._place, ready["hello"])
            if isinstance(admitted, str):
                raise self._given_up(f"has other hardware or code than the study: {admitted}", UsageError.exit_code)
            self._admitted = admitted
        self._common.say_once(ready["remarks"])
        self._never_ran, self._host = 0, child.host
        return child

    def _start_over(self, loss: NeverRanError) -> Iterator[Event]:
        """Bury a worker that no arm is to blame for, so that the next one gets its trials; a place that loses all is given up."""
        yield from self._bury(str(loss))
        self._number, self._restart = None, True
        self._never_ran += 1
        if self._never_ran == STARTS_TO_GIVE_UP:
            raise self._given_up(f"has lost {STARTS_TO_GIVE_UP} workers in a row before their first trial: {loss}")
        if self._common.halted.wait(PAUSES_SECONDS[min(self._never_ran, len(PAUSES_SECONDS)) - 1]):
            raise HaltedError

    def _checked(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message, unless it says that the study cannot go on, or not in this seat."""
        if message["kind"] == "refused":
            kind = getattr(errors, message["type"], AblateError)
            if self._common.muster is not None:
                raise self._given_up(f"is of no use: {message['error']}", kind.exit_code)
            raise kind(message["error"])
        return message

    def _given_up(self, why: str, exit_code: int = AblateError.exit_code) -> SeatLostError:
        return SeatLostError(f"Seat {self._place.name} {why.rstrip('.')}.", exit_code=exit_code)

    def _stamped(self, happening: Happening) -> Happening:
        """A finished trial with its seat, where seats have hardware of their own."""
        if self._common.muster is None:
            return happening
        if isinstance(happening, FinishedRound):
            return FinishedRound(tuple(self._with_seat(one) for one in happening.trials))
        return self._with_seat(happening) if isinstance(happening, FinishedTrial) else happening

    def _with_seat(self, finished: FinishedTrial) -> FinishedTrial:
        assert self._common.muster is not None
        trial = replace(
            finished.trial,
            seat=self._place.name,
            host=self._host,
            beside=self._common.muster.beside(self._admitted),
            marks=finished.trial.marks + self._admitted.marks,
        )
        return replace(finished, trial=trial)

    def _serve(self, child: Worker, left: dict[str, TrialSpec]) -> Iterator[Happening]:
        """Have the child run what is left, taking each trial out that it gives a record of."""
        specs, in_round = tuple(left.values()), False
        child.busy = True
        child.send(command_for(specs, self._process))
        while left:
            message = self._checked(child.receive(self._limit))
            match message["kind"]:
                case "untried":
                    for template in child.finished(message):
                        self._common.templates[self._place.name, template.trial.spec.arm] = template
                case "warm_up_started":
                    self._warming = message["arm"]
                    yield WarmUpStarted(arm=message["arm"], process=self._process)
                case "warm_up_finished":
                    self._warming = None
                    yield WarmUpFinished(arm=message["arm"], process=self._process)
                case "trial_started":
                    self._limit = self._common.trial_seconds
                    yield TrialStarted(spec=specs[0], process=self._process)
                case "round_started":
                    in_round = True
                    together = tuple(left[arm] for arm in message["arms"])
                    if self._common.trial_seconds is not None:
                        self._limit = self._common.trial_seconds * len(together)
                    yield RoundStarted(specs=together, process=self._process)
                case "finished":
                    finished = child.finished(message)
                    self._warming = None
                    done = [left.pop(one.trial.spec.arm) for one in finished]
                    child.busy = bool(left)
                    if in_round:
                        yield FinishedRound(finished)
                    else:
                        yield from finished
                    if in_round or not is_round(specs):
                        self._common.deaths.survived(done)

    def _mourn(self, death: Exception, left: dict[str, TrialSpec]) -> Iterator[Happening]:
        """Record what a child took with it: the arm it was warming up, else all that it was asked for."""
        taken = [left[self._warming]] if self._warming is not None else list(left.values())
        lost = [self._lost(spec, death) for spec in taken]
        error = str(lost[0].trial.error)
        yield from self._bury(error)
        for spec in taken:
            del left[spec.arm]
        if is_round(taken) and self._warming is None:
            yield FinishedRound(tuple(lost))
            retired: Event | None = self._common.deaths.killed_by_a_round(error)
        else:
            yield from lost
            retired = self._common.deaths.killed_by(taken[0].arm, error)
        self._number, self._restart = None, True
        if retired is not None:
            yield retired

    def _bury(self, error: str) -> Iterator[Event]:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        # The signal that ended the child may be on its way to this process too; then the study stops instead.
        time.sleep(_SIGNAL_SECONDS)
        if self._common.halted.is_set():
            raise HaltedError
        yield ProcessDied(process=self._process, process_id=child.process_id, reason=error)

    def _lost(self, spec: TrialSpec, death: Exception) -> FinishedTrial:
        """The record of a trial that its process did not survive."""
        lost = self._record(spec)
        if isinstance(death, ChildTimeoutError):
            limit = self._common.trial_seconds if self._limit == self._common.start_seconds else self._limit
            reason = (
                f"no result after {limit or 0.0:g} s, so its process was stopped; raise the limit or leave the arm out"
            )
            return replace(lost, trial=replace(lost.trial, status="timeout", error=reason))
        return failed(lost, str(death))

    def _record(self, spec: TrialSpec) -> FinishedTrial:
        """A record of the trial without a result, from what a child has said of the arm, else from what was planned."""
        template = self._common.templates.get((self._place.name, spec.arm)) or self._common.untried(spec, self._process)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return replace(template, trial=replace(template.trial, spec=spec, process=self._process, started_at=now))
