"""Executors: trials in this process, or in child processes, one after another. Free of torch: the trainer brings it."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ablate import errors
from ablate.engine.child import Child, ChildDiedError, ChildTimeoutError
from ablate.engine.events import (
    ArmRetired,
    Event,
    ProcessDied,
    ProcessStarted,
    TrialStarted,
    WarmUpFinished,
    WarmUpStarted,
)
from ablate.engine.trainer import Trainer, failed, train_one
from ablate.engine.worker import train_command
from ablate.errors import AblateError
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

DEATHS_TO_RETIRE = 3
WARM_UP_ALLOWANCE_SECONDS = 1800.0
"""What a start or a warm-up may take beyond the time of a trial, where trials have a time limit."""

_SIGNAL_SECONDS = 0.05


class InProcessExecutor:
    """Runs every trial in this process, which is one process of the run folder however many the study plans."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._process: int | None = None

    def execute(self, specs: Sequence[TrialSpec], process: int) -> Iterator[FinishedTrial | Event]:
        """See `runner.Executor`."""
        if self._process is None:
            self._process = process
            yield ProcessStarted(process=process, process_id=os.getpid())
        for spec in specs:
            yield from train_one(self._trainer, spec, self._process)


class ChildExecutor:
    """Runs each lot in a fresh child process, never two at once.

    `factory` ("module:function") is called in the child with `arguments`, which are JSON, and gives its Trainer. `untried` makes the
    record of a trial whose child died before it could say what it was about to do. `announce` is handed each remark of the children's
    trainers once. A trial that takes longer than
    `timeout_seconds` is stopped with its process. A child that dies costs its trial and a restart; an arm whose last three trials
    each killed their process is retired, and the rest of its trials are recorded as failed.
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
    ) -> None:
        if timeout_seconds is not None and not timeout_seconds > 0:
            raise errors.UsageError(f"A trial's time limit is a positive number of seconds, not {timeout_seconds}.")
        self._factory, self._arguments, self._untried, self._announce = factory, arguments, untried, announce
        self._said: set[str] = set()
        self._trial_seconds = timeout_seconds
        self._start_seconds = None if timeout_seconds is None else timeout_seconds + warm_up_allowance_seconds
        self._deaths: Counter[str] = Counter()
        self._retired: dict[str, str] = {}
        self._templates: dict[str, FinishedTrial] = {}

    def execute(self, specs: Sequence[TrialSpec], process: int) -> Iterator[FinishedTrial | Event]:
        """See `runner.Executor`."""
        child: Child | None = None
        restart = False
        try:
            for spec in specs:
                if spec.arm in self._retired:
                    yield failed(self._record(spec, process), self._retired[spec.arm])
                    continue
                try:
                    if child is None:
                        child = Child(self._factory, self._arguments)
                        yield ProcessStarted(process=process, process_id=child.process_id, restart=restart)
                        self._say_once(self._checked(child.receive(self._start_seconds))["remarks"])
                    yield from self._trial(child, spec, process)
                    self._deaths[spec.arm] = 0
                except (ChildDiedError, ChildTimeoutError) as death:
                    finished = self._lost(spec, process, death)
                    if child is not None:
                        yield from self._bury(child, process, finished)
                    child, restart = None, True
                    yield finished
                    yield from self._count_death(spec.arm, finished)
                    process += 1
        finally:
            if child is not None:
                child.kill() if child.busy else child.end()

    def _trial(self, child: Child, spec: TrialSpec, process: int) -> Iterator[FinishedTrial | Event]:
        child.busy = True
        child.send(train_command(spec, process))
        limit = self._start_seconds
        while True:
            message = self._checked(child.receive(limit))
            kind = message["kind"]
            if kind == "finished":
                child.busy = False
                yield child.finished(message)
                return
            if kind == "untried":
                self._templates[spec.arm] = child.finished(message)
            elif kind == "warm_up_started":
                yield WarmUpStarted(arm=spec.arm, process=process)
            elif kind == "warm_up_finished":
                yield WarmUpFinished(arm=spec.arm, process=process)
            else:
                limit = self._trial_seconds
                yield TrialStarted(spec=spec, process=process)

    def _say_once(self, remarks: Sequence[str]) -> None:
        for remark in remarks:
            if remark not in self._said:
                self._said.add(remark)
                self._announce(remark)

    def _checked(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message, unless it says that the study cannot go on."""
        if message["kind"] == "refused":
            kind = getattr(errors, message["type"], AblateError)
            raise kind(message["error"])
        return message

    def _lost(self, spec: TrialSpec, process: int, death: Exception) -> FinishedTrial:
        """The record of a trial that its process did not survive."""
        lost = self._record(spec, process)
        if isinstance(death, ChildTimeoutError):
            reason = f"no result after {self._trial_seconds:g} s, so its process was stopped; raise the limit or leave the arm out"
            return replace(lost, trial=replace(lost.trial, status="timeout", error=reason))
        return failed(lost, str(death))

    def _bury(self, child: Child, process: int, finished: FinishedTrial) -> Iterator[Event]:
        child.kill()
        # The signal that ended the child may be on its way to this process too; then the study stops instead.
        time.sleep(_SIGNAL_SECONDS)
        yield ProcessDied(process=process, process_id=child.process_id, reason=finished.trial.error or "")

    def _count_death(self, arm: str, finished: FinishedTrial) -> Iterator[Event]:
        self._deaths[arm] += 1
        if self._deaths[arm] == DEATHS_TO_RETIRE:
            reason = f"the arm was retired after {DEATHS_TO_RETIRE} deaths in a row; the last: {finished.trial.error}"
            self._retired[arm] = reason
            yield ArmRetired(arm=arm, reason=reason)

    def _record(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """A record of the trial without a result, from what a child has said of the arm, else from what was planned."""
        template = self._templates.get(spec.arm) or self._untried(spec, process)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return replace(template, trial=replace(template.trial, spec=spec, process=process, started_at=now))
