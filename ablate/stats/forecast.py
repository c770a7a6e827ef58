"""Before running: how wide a study's intervals will be, and after which of its blocks."""

from dataclasses import dataclass, replace
from itertools import count, islice
from math import ceil, expm1, isfinite, isnan, nan
from typing import Any

from scipy import stats

from ablate.stats.looks import levels_of_looks
from ablate.stats.precision import Precision, precision_of
from ablate.stats.spreads import Spreads
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.study import Catalogue, Study

_MOST_BLOCKS = 1000
"""Where a cheaper design would take more, it is none."""

_FEWEST_NAMES = 3
"""Of fewer, leave-one-out has no more arms than a screening."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfWidths:
    """Half the width of each effect's interval after `blocks` blocks: of the score in its unit, of time in percent; NaN: unknown or none.

    `level` is what the interval may miss, 0.05 unless there are looks.
    """

    blocks: int
    level: float
    score: float
    time_percent: float


def half_widths(study: Study, spreads: Spreads) -> tuple[HalfWidths, ...]:
    """What is to be expected of a study: at its looks and its end, or after each quarter of its blocks.

    Source: `precision_of`, and the t-interval with its degrees of freedom.
    """
    points = (*study.looks, study.blocks) if study.looks else _quarters(study.blocks)
    levels = levels_of_looks(study) if study.looks else (SIGNIFICANCE,) * len(points)
    return tuple(_after(study, blocks, level, spreads) for blocks, level in zip(points, levels, strict=True))


def _quarters(blocks: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(ceil(blocks * quarter / 4) for quarter in range(1, 5)))


def _after(study: Study, blocks: int, level: float, spreads: Spreads) -> HalfWidths:
    precision = _precision_after(study, blocks, spreads)
    time = _half_width(precision.time_error, precision.time_degrees, level)
    return HalfWidths(
        blocks=blocks,
        level=level,
        score=_half_width(precision.score_error, precision.score_degrees, level),
        time_percent=100 * expm1(time) if isfinite(time) else nan,
    )


def _precision_after(study: Study, blocks: int, spreads: Spreads) -> Precision:
    """Of the study's first blocks. Side by side all times come before the first score; otherwise with their own process."""
    times_first = study.clock == "interleaved" and study.parallel > 1
    begun = study.processes if times_first else ceil(blocks * min(study.processes, study.blocks) / study.blocks)
    shorter = replace(study, blocks=blocks, processes=begun, parallel=min(study.parallel, begun), looks=())
    return precision_of(shorter, spreads)


def _half_width(error: float, degrees: int, level: float) -> float:
    return float(stats.t.isf(level / 2, degrees)) * error if degrees > 0 and isfinite(error) else nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheaper:
    """Another study that tells of the same features, as precisely, in so many trials of training and rounds of times."""

    study: Study
    trials: int


def cheaper_screening(study: Study, spreads: Spreads, catalogue: Catalogue) -> Cheaper | None:
    """A screening that knows what a study will know of each feature by itself, in a fifth fewer trials or less still; None: there is none.

    Only what asks of three features or more, one by one, has one.
    """
    kinds = ("leave_one_out", "add_one_in")
    subjects = list(dict.fromkeys(each.subject for each in study.contrasts if each.kind in kinds))
    if len(subjects) < _FEWEST_NAMES:
        return None
    wanted = half_widths(replace(study, looks=()), spreads)[-1]
    settings: dict[str, Any] = {"seed": study.seed, "data": study.data, "preset": study.preset, "clock": study.clock}
    for blocks in islice(count(1), _MOST_BLOCKS):
        processes = study.processes if study.clock == "interleaved" else min(study.processes, blocks)
        screening = Study.screening(catalogue, subjects, blocks=blocks, processes=processes, **settings)
        if len(screening.schedule()) > 0.8 * len(study.schedule()):
            return None
        if _as_narrow(half_widths(screening, spreads)[-1], wanted):
            return Cheaper(study=screening, trials=len(screening.schedule()))
    return None


def _as_narrow(found: HalfWidths, wanted: HalfWidths) -> bool:
    pairs = ((found.score, wanted.score), (found.time_percent, wanted.time_percent))
    return all(isnan(goal) or width <= goal for width, goal in pairs)
