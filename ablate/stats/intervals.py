"""Means with t-intervals, over trials, blocks or processes, for one data set or many at once."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

FloatArray: TypeAlias = NDArray[np.float64]

CONFIDENCE = 0.95
"""The level of the intervals this package prints (measurement.md, rule 3), except of studies that may stop early (`ablate.stats.looks`)."""

NO_SPREAD = 1e-12
"""A standard deviation below this is rounding: accuracies step by 1e-5 or more, clocks by 1e-9 of a trial."""


class TInterval(NamedTuple):
    """A mean with its t-interval and the two-sided p-value of "the mean is zero", from `n` values; every array has the batch's shape.

    Without spread, or with fewer than two values, `low`, `high` and `p` are NaN: there is nothing to judge the mean by.
    """

    n: int
    mean: FloatArray
    sd: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray


def t_interval(values: ArrayLike, *, confidence: float = CONFIDENCE) -> TInterval:
    """The mean of `values` `(..., n)` over their last axis, with its one-sample t-interval in the same unit.

    Source: Student's t with n - 1 degrees of freedom; sd with n - 1 in the denominator.
    """
    samples = np.asarray(values, dtype=np.float64)
    n = samples.shape[-1]
    if n == 0:
        nothing = np.full(samples.shape[:-1], np.nan)
        return TInterval(0, nothing, nothing, nothing, nothing, nothing)
    mean = np.asarray(samples.mean(axis=-1))
    if n == 1:
        nothing = np.full(mean.shape, np.nan)
        return TInterval(1, mean, nothing, nothing, nothing, nothing)
    sd = np.asarray(samples.std(axis=-1, ddof=1))
    standard_error = np.where(sd > NO_SPREAD, sd, np.nan) / np.sqrt(n)
    # The functions behind scipy.stats.t, whose checks of its arguments take longer than all of the rest.
    half_width = special.stdtrit(n - 1, 0.5 + confidence / 2) * standard_error
    p = np.asarray(2 * special.stdtr(n - 1, -np.abs(mean) / standard_error))
    return TInterval(n, mean, sd, np.asarray(mean - half_width), np.asarray(mean + half_width), p)


def interval_around(mean: FloatArray, error: FloatArray, degrees: int, *, confidence: float = CONFIDENCE) -> TInterval:
    """The t-interval of an estimate from its standard error and its degrees of freedom, 1 or more; without spread NaN.

    `n` is the degrees of freedom and one, `sd` such that sd / √n is the standard error.
    """
    n = degrees + 1
    sd = np.asarray(error * np.sqrt(n))
    known = np.where(sd > NO_SPREAD, error, np.nan)
    half_width = special.stdtrit(degrees, 0.5 + confidence / 2) * known
    p = np.asarray(2 * special.stdtr(degrees, -np.abs(mean) / known))
    return TInterval(n, mean, sd, np.asarray(mean - half_width), np.asarray(mean + half_width), p)


def at_confidence(interval: TInterval, confidence: float) -> TInterval:
    """The same estimate with its interval at another level."""
    if interval.n < 2:
        return interval
    return interval_around(interval.mean, interval.sd / np.sqrt(interval.n), interval.n - 1, confidence=confidence)


def process_means(values: ArrayLike, processes: ArrayLike) -> FloatArray:
    """The mean of `values` `(..., n)` within each process `(n,)`: an array `(..., P)`, processes in ascending order.

    The process is the unit for time: trials of one process share its shift, so they are not independent (measurement.md).
    """
    samples, owners = np.asarray(values, dtype=np.float64), np.asarray(processes)
    names = np.unique(owners)
    if names.size == 0:
        return np.empty((*samples.shape[:-1], 0))
    return np.stack([samples[..., owners == name].mean(axis=-1) for name in names], axis=-1)


def within_process_sd(values: ArrayLike, processes: ArrayLike) -> float:
    """The spread of `values` `(n,)` around their own process's mean, pooled; NaN where no process has two values."""
    samples, owners = np.asarray(values, dtype=np.float64), np.asarray(processes)
    names, owner_index = np.unique(owners, return_inverse=True)
    degrees_of_freedom = samples.size - names.size
    if degrees_of_freedom <= 0:
        return float("nan")
    residuals = samples - process_means(samples, owners)[owner_index]
    return float(np.sqrt((residuals**2).sum() / degrees_of_freedom))


def correlation(left: ArrayLike, right: ArrayLike) -> float:
    """Pearson's correlation of two series `(n,)`; NaN with fewer than three pairs or without spread on either side."""
    one, other = np.asarray(left, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if one.size < 3 or one.std() <= NO_SPREAD or other.std() <= NO_SPREAD:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])
