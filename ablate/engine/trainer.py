"""What executors need of a trainer, and how one trial is run with it. Free of torch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from ablate.engine.events import Event, TrialStarted, WarmUpFinished, WarmUpStarted
from ablate.errors import AblateError
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


def train_one(trainer: Trainer, spec: TrialSpec, process: int) -> Iterator[FinishedTrial | Event]:
    """Run one trial, and before it the arm's warm-up where that is due.

    Raises:
        AblateError: the study cannot go on.
    """
    if not trainer.is_warm(spec.arm):
        yield WarmUpStarted(arm=spec.arm, process=process)
        try:
            trainer.warm_up(spec.arm)
        except AblateError:
            raise
        except Exception as error:
            yield failed(trainer.untried(spec, process), f"warm-up failed with {_in_one_line(error)}")
            return
        yield WarmUpFinished(arm=spec.arm, process=process)
    yield TrialStarted(spec=spec, process=process)
    try:
        finished = trainer.train(spec, process)
    except AblateError:
        raise
    except Exception as error:
        finished = failed(trainer.untried(spec, process), _in_one_line(error))
    yield finished


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


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
