"""Many contrasts in one study: p-values adjusted so that one false alarm in the whole family stays rare."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablate.stats.intervals import CONFIDENCE, NO_SPREAD, FloatArray, TInterval


def simultaneous(interval: TInterval, family: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The ends of the interval that, with those of the other `family` - 1 contrasts, holds all true values in 95 % of studies.

    For a scalar `interval`; NaN where it has no ends itself, or is no part of a family (`family` 0). Wider than Holm's step-down
    adjustment needs: a verdict may stand whose simultaneous interval just touches zero.

    With another `confidence`, in that share of them.

    Source: Bonferroni's inequality: each at the level 1 - 0.05 / family.
    """
    sd = float(interval.sd)
    if family < 1 or interval.n < 2 or not sd > NO_SPREAD:
        return (float("nan"), float("nan"))
    half_width = float(stats.t.isf((1 - confidence) / 2 / family, interval.n - 1)) * sd / interval.n**0.5
    return (float(interval.mean) - half_width, float(interval.mean) + half_width)


def widening(values: int, family: int, level: float = 1 - CONFIDENCE) -> float:
    """How many times as wide the simultaneous interval of `family` contrasts is as the plain one of `values` values; 1 for one.

    Both at 1 - `level`.

    Source: as `simultaneous`.
    """
    if family < 2 or values < 2:
        return 1.0
    tail = level / 2
    return float(stats.t.isf(tail / family, values - 1) / stats.t.isf(tail, values - 1))


def holm(p_values: ArrayLike) -> FloatArray:
    """Holm's step-down adjustment of `p_values` `(..., m)` over the last axis; adjusted p below α keeps the family's error at α.

    A NaN is no test: it stays NaN and does not count towards its family.
    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979) 65-70.
    """
    p = np.asarray(p_values, dtype=np.float64)
    if p.shape[-1] == 0:
        return p.copy()
    order = np.argsort(p, axis=-1, kind="stable")
    ascending = np.take_along_axis(p, order, axis=-1)
    family_size = np.sum(~np.isnan(p), axis=-1, keepdims=True)
    remaining = family_size - np.arange(p.shape[-1])
    stepped = np.where(np.isnan(ascending), -np.inf, ascending * remaining)
    adjusted_ascending = np.minimum(np.maximum.accumulate(stepped, axis=-1), 1.0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, adjusted_ascending, axis=-1)
    return np.where(np.isnan(p), np.nan, adjusted)
