"""Rounds: the times of a block's arms, taken together in one process. Free of torch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from ablate.engine.events import Event, RoundStarted
from ablate.engine.trainer import TimesTogether, Trainer, failed, in_one_line, warmed
from ablate.errors import AblateError
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec


@dataclass(frozen=True, slots=True)
class FinishedRound:
    """The trials of a round, all of them finished at once."""

    trials: tuple[FinishedTrial, ...]


Happening: TypeAlias = FinishedTrial | FinishedRound | Event
"""What comes of executing trials, as it comes."""


def is_round(specs: Sequence[TrialSpec]) -> bool:
    """Whether the trials measure the time alone, and so are taken together."""
    return specs[0].measures == "time"


def pieces(specs: Sequence[TrialSpec]) -> Iterator[tuple[TrialSpec, ...]]:
    """Trials as they are executed: each by itself, but those of a block that measure the time alone as one round."""
    for (_, measures), group in groupby(specs, key=lambda spec: (spec.block, spec.measures)):
        if measures == "time":
            yield tuple(group)
        else:
            yield from ((spec,) for spec in group)


def time_round(trainer: Trainer, specs: Sequence[TrialSpec], process: int) -> Iterator[Happening]:
    """Take the times of one block's arms, after all warm-ups that are due; an arm whose warm-up fails leaves the round to the others.

    Raises:
        AblateError: the study cannot go on, or the trainer cannot take times together.
    """
    if not isinstance(trainer, TimesTogether):
        raise AblateError(
            "Recipes of this kind cannot be timed piece by piece; measure whole trials, with --clock trial."
        )
    ready = []
    for spec in specs:
        is_warm = yield from warmed(trainer, spec, process)
        if is_warm:
            ready.append(spec)
    if not ready:
        return
    yield RoundStarted(specs=tuple(ready), process=process)
    returned: dict[TrialSpec, FinishedTrial] = {}
    reason = "its round came to an end without a time for it"
    try:
        returned = {finished.trial.spec: finished for finished in trainer.time_together(tuple(ready), process)}
    except AblateError:
        raise
    except Exception as error:
        reason = in_one_line(error)
    yield FinishedRound(tuple(returned.get(spec) or failed(trainer.untried(spec, process), reason) for spec in ready))
