"""How many blocks and processes a study takes until its intervals are as narrow as verdicts ask, should trials vary as they have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan

from ablate.stats.effects import DEFAULT_MARGINS
from ablate.stats.half_widths import half_width
from ablate.stats.looks import asks_for_time
from ablate.stats.precision import precision_at, rounds_planned
from ablate.stats.spreads import Spreads
from ablate.stats.verdicts import Margins, smallest
from ablate.study import Contrast, Study
from ablate.study.score import Score

MOST_BLOCKS = 10_000
_MOST_PROCESSES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Half-widths of intervals to be reached: of the score in its unit, of the time in percent; NaN: none is asked.

    `is_margins`: they are those within which no difference counts, so that an effect of none is settled as such; else those that a
    study as it is planned ends with.
    """

    score: float
    time_percent: float
    is_margins: bool

    def reached_by(self, score: float, time_percent: float) -> bool:
        """Whether these half-widths are as narrow; NaN is not."""
        pairs = ((score, self.score), (time_percent, self.time_percent))
        return all(isnan(goal) or width <= goal for width, goal in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """So many blocks in so many processes."""

    blocks: int
    processes: int


def goals_of(
    study: Study,
    contrasts: Sequence[Contrast],
    spreads: Spreads,
    score: Score,
    margins: Margins = DEFAULT_MARGINS,
) -> tuple[Goal, ...]:
    """What these contrasts of a study may be asked to reach, the first that can be: the margins, else what the study ends with."""
    timed = asks_for_time(study) and spreads.knows_time
    ends_with = _widths(study, least_precise(study, contrasts, spreads), spreads)
    goals = [
        Goal(score=margins.of_score(score), time_percent=margins.time_percent if timed else nan, is_margins=True),
        Goal(score=ends_with[0], time_percent=ends_with[1], is_margins=False),
    ]
    return tuple(goal for goal in goals if isfinite(goal.score))


def least_precise(study: Study, contrasts: Sequence[Contrast], spreads: Spreads) -> Contrast:
    """The contrast whose score is known least; of some that are alike, the first."""
    rounds = rounds_planned(study)
    errors = [precision_at(study, each, spreads, blocks=study.blocks, rounds=rounds).score_error for each in contrasts]
    return contrasts[errors.index(max(errors))]


def sizes_for(study: Study, contrasts: Sequence[Contrast], goal: Goal, spreads: Spreads) -> tuple[Size, ...]:
    """For several numbers of processes, from the study's on, the fewest blocks after which all these contrasts reach a goal.

    None where ten thousand blocks do not.
    """
    contrast = least_precise(study, contrasts, spreads)

    def fewest(processes: int) -> int | None:
        return smallest(
            lambda blocks: goal.reached_by(*_widths(_of(study, blocks, processes), contrast, spreads)),
            at_least=processes if study.clock == "trial" else 1,
            at_most=MOST_BLOCKS,
        )

    tried = [study.processes] if isnan(goal.time_percent) else list(_numbers_of_processes(study.processes))
    found = [(fewest(processes), processes) for processes in tried]
    return tuple(Size(blocks=blocks, processes=processes) for blocks, processes in found if blocks is not None)


def _numbers_of_processes(first: int) -> Iterator[int]:
    """Each a fifth above the one before."""
    number = first
    while number <= _MOST_PROCESSES:
        yield number
        number += -(-number // 5)


def _of(study: Study, blocks: int, processes: int) -> Study:
    return replace(study, blocks=blocks, processes=processes, looks=())


def _widths(study: Study, contrast: Contrast, spreads: Spreads) -> tuple[float, float]:
    return half_width(precision_at(study, contrast, spreads, blocks=study.blocks, rounds=rounds_planned(study)))
