"""What an interval shows: equivalent, better, worse, or not settled yet and how much more would settle it."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, log1p, sqrt
from typing import Literal, TypeAlias

import numpy as np
from scipy import stats

from ablate.errors import UsageError
from ablate.stats.intervals import FloatArray
from ablate.study.score import Score

Verdict: TypeAlias = Literal["equivalent", "better", "worse", "inconclusive", "identical", "no verdict"]

FEWEST_BLOCKS = 5
"""A contrast over fewer blocks gets numbers and no verdict (measurement.md, rule 4)."""

SIGNIFICANCE = 0.05
"""A Holm-adjusted p below this is a verdict of better or worse."""

_MOST = 10**7


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """What counts as no difference worth having: of the score in its unit (None: the score's own margin), percent of time.

    Raises:
        UsageError: a margin is not a positive number, or the one for time is 100 % or more.
    """

    score: float | None = None
    time_percent: float = 0.5

    def __post_init__(self) -> None:
        for name, value in (("score", self.score), ("time_percent", self.time_percent)):
            if value is not None and not (isfinite(value) and value > 0):
                raise UsageError(f"margin {name} = {value}: give a positive number")
        if self.time_percent >= 100:
            raise UsageError(f"margin time_percent = {self.time_percent}: give a number below 100")

    def of_score(self, score: Score) -> float:
        """The margin of the score, in its unit."""
        return score.margin if self.score is None else self.score

    def score_band(self, score: Score) -> tuple[float, float]:
        """The band of equivalence for the score, as trials hold it."""
        margin = self.of_score(score)
        return (-margin / score.factor, margin / score.factor)

    @property
    def log_time(self) -> tuple[float, float]:
        """The band of equivalence for log(with / without)."""
        return (log1p(-self.time_percent / 100), log1p(self.time_percent / 100))


def judge(
    *,
    mean: float,
    low: float,
    high: float,
    adjusted_p: float,
    band: tuple[float, float],
    more_is_better: bool,
    level: float = SIGNIFICANCE,
) -> Verdict:
    """The verdict on one interval, in the unit of `band`; "no verdict" if any number is NaN.

    An interval inside the band is equivalence, whatever its p-value; a large p-value alone never is (measurement.md, rule 4).
    An adjusted p below `level` is a difference.
    """
    if not all(isfinite(number) for number in (mean, low, high, adjusted_p)):
        return "no verdict"
    if band[0] < low and high < band[1]:
        return "equivalent"
    if adjusted_p < level:
        return "better" if (mean > 0) == more_is_better else "worse"
    return "inconclusive"


def more_to_settle(
    *,
    mean: float,
    sd: float,
    count: int,
    band: tuple[float, float],
    family_size: int,
    level: float = SIGNIFICANCE,
) -> int | None:
    """How many more values would settle an inconclusive mean, should mean and sd stay as measured.

    Settled is an interval at `level` inside `band`, or p below `level` after the harshest step of Holm (times `family_size`). With an
    sd from a handful of values this is an order of magnitude, no promise. None: no number of values that anyone could run.
    """
    if not (isfinite(mean) and isfinite(sd)) or sd <= 0:
        return None

    def settled(total: int) -> bool:
        standard_error = sd / sqrt(total)
        half_width = float(stats.t.ppf(0.5 + (1 - level) / 2, total - 1)) * standard_error
        inside = band[0] < mean - half_width and mean + half_width < band[1]
        p = 2 * float(stats.t.sf(abs(mean) / standard_error, total - 1))
        return inside or p * max(family_size, 1) < level

    total = smallest(settled, at_least=max(count + 1, 2))
    return None if total is None else total - count


def smallest(enough: Callable[[int], bool], *, at_least: int, at_most: int = _MOST) -> int | None:
    """The smallest number from `at_least` on for which the monotone `enough` holds; None if none up to `at_most` does."""
    too_few, plenty = at_least - 1, at_least
    while not enough(plenty):
        if plenty >= at_most:
            return None
        too_few, plenty = plenty, min(2 * plenty, at_most)
    while plenty - too_few > 1:
        middle = (too_few + plenty) // 2
        if enough(middle):
            plenty = middle
        else:
            too_few = middle
    return plenty


def family_size(p_values: FloatArray) -> int:
    """How many of the p-values are tests at all."""
    return int(np.sum(~np.isnan(p_values)))
