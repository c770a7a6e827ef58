"""Executors: trials in this process, or in child processes. Free of torch: the trainer brings it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ablate.engine.events import ProcessStarted
from ablate.engine.hello import Muster
from ablate.engine.lot import Common, Lot
from ablate.engine.places import LocalPlace, Place
from ablate.engine.rounds import Happening, is_round, pieces, time_round
from ablate.engine.seats import runs_alone
from ablate.engine.trainer import Trainer, train_one
from ablate.errors import UsageError
from ablate.machine.processor import usable_cores
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

WARM_UP_ALLOWANCE_SECONDS = 1800.0
"""What a start or a warm-up may take beyond the time of a trial, where trials have a time limit."""


class InProcessExecutor:
    """Runs every trial in this process, which is one process of the run folder however many the study plans."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._process: int | None = None

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[Happening]:
        """See `runner.Executor`."""
        if self._process is None:
            self._process = process
            yield ProcessStarted(process=process, process_id=os.getpid())
        for piece in pieces(specs):
            if is_round(piece):
                yield from time_round(self._trainer, piece, self._process)
            else:
                yield from train_one(self._trainer, piece[0], self._process)

    def give_up(self, seat: int) -> None:
        """Nothing: this process cannot be lost."""

    def halt(self) -> None:
        """Nothing: lots in this process run in the thread that asks for them."""


class ChildExecutor:
    """Runs each lot in a fresh child process; `parallel` lots at a time, from a thread each, if they hold no rounds of times.

    `factory` ("module:function") is called in the child with `arguments`, which are JSON, and gives its Trainer. `untried` makes the
    record of a trial whose child died before it could say what it was about to do. `announce` is handed each remark of the children's
    trainers once. A trial that takes longer than `timeout_seconds` is stopped with its process, and so is a round of times that takes
    longer than that for each of its arms. A child that dies costs its trial (or its round) and a restart of its lot; see `Deaths` for
    who is retired. Children that run side by side share the cores, a part each. With `places`, seat by seat, lots run in workers there
    instead, each seat with hardware of its own, which `muster` compares.
    """

    def __init__(
        self,
        factory: str,
        arguments: Mapping[str, Any],
        *,
        untried: Callable[[TrialSpec, int], FinishedTrial],
        announce: Callable[[str], None] = lambda line: None,
        timeout_seconds: float | None = None,
        warm_up_allowance_seconds: float = WARM_UP_ALLOWANCE_SECONDS,
        parallel: int = 1,
        places: Sequence[Place] = (),
        muster: Muster | None = None,
    ) -> None:
        if timeout_seconds is not None and not timeout_seconds > 0:
            raise UsageError(f"A trial's time limit is a positive number of seconds, not {timeout_seconds}.")
        self._parallel, self._places = parallel, list(places)
        self._common = Common(
            factory=factory,
            arguments=arguments,
            untried=untried,
            announce=announce,
            trial_seconds=timeout_seconds,
            muster=(muster or Muster()) if places else None,
            start_seconds=None if timeout_seconds is None else timeout_seconds + warm_up_allowance_seconds,
        )

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[Happening]:
        """See `runner.Executor`."""
        if self._places:
            return Lot(self._common, process, self._places[seat]).run(specs)
        environment = {} if runs_alone(specs, self._parallel) else share_of_cores(self._parallel)
        return Lot(self._common, process, LocalPlace(environment)).run(specs)

    def join(self, places: Sequence[Place]) -> int:
        """Take more seats in; how many they are."""
        self._places += places
        return len(places)

    def give_up(self, seat: int) -> None:
        """See `runner.Executor`."""
        if self._places and self._common.muster is not None:
            self._common.muster.leave(self._places[seat])

    def halt(self) -> None:
        """See `runner.Executor`."""
        self._common.halted.set()


def share_of_cores(parallel: int) -> dict[str, str]:
    """The environment that keeps one of several processes to its part of this machine's cores, or to one."""
    threads = str(max(1, int(usable_cores()) // parallel))
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
