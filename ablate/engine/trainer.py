"""What executors need of a trainer, and how one trial is run with it. Free of torch."""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from ablate.engine.events import Event, TrialStarted, WarmUpFinished, WarmUpStarted
from ablate.errors import AblateError
from ablate.formats.printable import printable
from ablate.store.records import Environment, FinishedTrial, RecipeRecord, Trial
from ablate.study.schedule import TrialSpec


class Trainer(Protocol):
    """Trains the arms of one study in the process it lives in.

    An AblateError ends the study; any other exception fails the trial.
    """

    @property
    def remarks(self) -> Sequence[str]:
        """What this process's trials cannot show, a line each, to be said loudly once a study."""

    def is_warm(self, arm: str) -> bool:
        """Whether a trial of the arm can start at once, with nothing left to compile."""

    def warm_up(self, arm: str) -> None:
        """Make the arm warm."""

    def train(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """Run a trial and record it, also where it fails."""

    def untried(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """The record of a trial that gave nothing, status "failed", without the reason: kept if it kills its process."""


@runtime_checkable
class TimesTogether(Protocol):
    """What a Trainer can do besides, if its recipes can be cut into pieces that take turns."""

    def time_together(self, specs: Sequence[TrialSpec], process: int) -> Sequence[FinishedTrial]:
        """Take the times of warm arms of one block together, and record each, also where it fails."""


def train_one(trainer: Trainer, spec: TrialSpec, process: int) -> Iterator[FinishedTrial | Event]:
    """Run one trial, and before it the arm's warm-up where that is due.

    Raises:
        AblateError: the study cannot go on.
    """
    is_warm = yield from warmed(trainer, spec, process)
    if not is_warm:
        return
    yield TrialStarted(spec=spec, process=process)
    try:
        finished = trainer.train(spec, process)
    except AblateError:
        raise
    except Exception as error:
        finished = failed(trainer.untried(spec, process), in_one_line(error))
    yield finished


def warmed(trainer: Trainer, spec: TrialSpec, process: int) -> Generator[FinishedTrial | Event, None, bool]:
    """Warm up a trial's arm where that is due; False: that failed, which is the trial's record.

    Raises:
        AblateError: the study cannot go on.
    """
    if trainer.is_warm(spec.arm):
        return True
    yield WarmUpStarted(arm=spec.arm, process=process)
    try:
        trainer.warm_up(spec.arm)
    except AblateError:
        raise
    except Exception as error:
        yield failed(trainer.untried(spec, process), f"warm-up failed with {in_one_line(error)}")
        return False
    yield WarmUpFinished(arm=spec.arm, process=process)
    return True


def untried_record(
    spec: TrialSpec,
    process: int,
    *,
    recipe: RecipeRecord,
    environment: Environment,
    data: str,
    data_digest: str,
    begun: bool = True,
) -> FinishedTrial:
    """The record of a trial that has given nothing yet, begun now, or never where nobody saw it begin."""
    trial = Trial(
        spec=spec,
        status="failed",
        process=process,
        started_at=datetime.now(UTC).isoformat(timespec="milliseconds") if begun else "",
        recipe=recipe.digest,
        environment=environment.digest,
        data=data,
        data_digest=data_digest,
    )
    return FinishedTrial(trial=trial, recipe=recipe, environment=environment)


def failed(untried: FinishedTrial, reason: str) -> FinishedTrial:
    """The record of a trial that gave nothing, and why."""
    return replace(untried, trial=replace(untried.trial, status="failed", error=reason))


def sound(trial: Trial) -> Trial:
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


def in_one_line(error: Exception) -> str:
    """An exception as the reason of a record."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
