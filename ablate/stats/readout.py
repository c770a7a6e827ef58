"""The time at which a curve of error over time, or of any score that falls, reaches a target, read off a local line in logarithms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.stats.intervals import CONFIDENCE, FloatArray

FEWEST_LENGTHS = 3
"""A line through fewer points could not show that it is none."""

LOCAL_LENGTHS = 4
"""At most so many lengths, those whose error is nearest to the target, carry the line: the curve is straight only locally."""


def local_lengths(log_error: FloatArray, log_target: float) -> NDArray[np.intp]:
    """Which of the lengths `(k,)` lie nearest to the target: their indices, at most `LOCAL_LENGTHS`, ascending."""
    nearest = np.argsort(np.abs(log_error - log_target), kind="stable")[:LOCAL_LENGTHS]
    return np.sort(nearest)


def read_out(log_time: FloatArray, log_error: FloatArray, log_target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log time at the target, and the line's slope, both `(…)`, from points `(…, k)` and targets `(…)`.

    The line is log error = a + slope · log time by least squares; a flat or an upright one gives NaN.
    Source: measurement.md, rule 7.
    """
    time_mean, error_mean = log_time.mean(axis=-1), log_error.mean(axis=-1)
    from_mean = log_time - time_mean[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (from_mean * log_error).sum(axis=-1) / (from_mean**2).sum(axis=-1)
        time = time_mean + (log_target - error_mean) / slope
    return np.where(np.isfinite(time), time, np.nan), np.asarray(slope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """A number with its variance and the degrees of freedom behind it."""

    value: float
    variance: float
    degrees_of_freedom: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The t-interval, 95 % unless told; NaN without degrees of freedom or variance."""
        if not (self.variance > 0 and self.degrees_of_freedom > 0):
            return (float("nan"), float("nan"))
        half_width = stats.t.ppf(0.5 + confidence / 2, self.degrees_of_freedom) * np.sqrt(self.variance)
        return (self.value - float(half_width), self.value + float(half_width))


def jackknife_variance(left_one_out: FloatArray) -> FloatArray:
    """The variance of a statistic from its values with one unit left out each, `(…, n)` to `(…)`.

    Source: B. Efron and C. Stein, "The jackknife estimate of variance", Ann. Statist. 9 (1981) 586-596.
    """
    n = left_one_out.shape[-1]
    centred = left_one_out - left_one_out.mean(axis=-1, keepdims=True)
    return np.asarray((n - 1) / n * (centred**2).sum(axis=-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One arm at its `k` lengths: mean log time and mean error, `(k, 1)`, and both with one unit left out.

    `errors_without` is `(k, blocks)`, a block left out in turn; `log_times_without` is `(k, processes)`, a process left out.
    """

    log_times: FloatArray
    errors: FloatArray
    errors_without: FloatArray
    log_times_without: FloatArray

    @classmethod
    def of(cls, log_times: FloatArray, errors: FloatArray) -> "Curve":
        """From the mean log times of each process `(k, processes)` and the errors of each block `(k, blocks)`."""
        alone = log_times.shape[1] == 1
        return cls(
            log_times=log_times.mean(axis=1, keepdims=True),
            errors=errors.mean(axis=1, keepdims=True),
            errors_without=leave_one_out_means(errors),
            log_times_without=log_times if alone else leave_one_out_means(log_times),
        )

    @property
    def shortest(self) -> float:
        """The smallest measured log time."""
        return float(self.log_times.min())

    @property
    def longest(self) -> float:
        """The largest measured log time."""
        return float(self.log_times.max())

    @property
    def touches_zero(self) -> bool:
        """Whether a mean error is zero, so that it has no logarithm."""
        return bool((self.errors <= 0).any() or (self.errors_without <= 0).any())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a curve says about a target: log time there, the line's slope, and the log ratio to the anchor's time there."""

    log_time: "Uncertain"
    log_slope: "Uncertain"
    log_ratio: "Uncertain"

    @classmethod
    def of(cls, curve: Curve, anchor: Curve, *, log_target: float | None) -> "Reading":
        """Read `curve` at `log_target`; None: at the error of `anchor`, a curve of one length, varying together with it.

        The ratio is to the time of `anchor` at the same error, NaN where `anchor` does not reach it within three lengths.
        """
        goal = float(np.log(anchor.errors[0, 0])) if log_target is None else log_target
        near, anchor_near = (local_lengths(np.log(one.errors[:, 0]), goal) for one in (curve, anchor))

        def statistics(
            times: FloatArray, errors: FloatArray, own_times: FloatArray, own_errors: FloatArray
        ) -> FloatArray:
            log_errors, own_log_errors = np.log(errors), np.log(own_errors)
            target = own_log_errors[0] if log_target is None else np.full(errors.shape[1], log_target)
            time, slope = _line(times[near], log_errors[near], target)
            if log_target is None:
                anchor_time = own_times[0]
            elif len(anchor_near) >= FEWEST_LENGTHS:
                anchor_time, _ = _line(own_times[anchor_near], own_log_errors[anchor_near], target)
                reached = anchor.shortest <= anchor_time.mean() <= anchor.longest
                anchor_time = anchor_time if reached else np.full_like(anchor_time, np.nan)
            else:
                anchor_time = np.full_like(time, np.nan)
            return np.stack([time, slope, time - anchor_time])

        value = statistics(curve.log_times, curve.errors, anchor.log_times, anchor.errors)[:, 0]
        by_block = statistics(curve.log_times, curve.errors_without, anchor.log_times, anchor.errors_without)
        by_process = statistics(curve.log_times_without, curve.errors, anchor.log_times_without, anchor.errors)
        blocks, processes = curve.errors_without.shape[1], curve.log_times_without.shape[1]
        time, slope, ratio = (
            combine(float(value[row]), float(block_variance), blocks, float(process_variance), processes)
            for row, (block_variance, process_variance) in enumerate(
                zip(jackknife_variance(by_block), jackknife_variance(by_process), strict=True)
            )
        )
        return cls(log_time=time, log_slope=slope, log_ratio=ratio)

    @property
    def falls(self) -> bool:
        """Whether error falls with time beyond doubt: the slope's interval lies below zero."""
        high = self.log_slope.interval()[1]
        return self.log_slope.value < 0 and (np.isnan(high) or high < 0)


def _line(times: FloatArray, log_errors: FloatArray, log_target: FloatArray) -> tuple[FloatArray, FloatArray]:
    """`read_out` for columns: points `(k, m)`, either side `(k, 1)`, and targets `(m,)` or `(1,)`."""
    width = max(times.shape[1], log_errors.shape[1])
    points = [np.broadcast_to(part, (part.shape[0], width)).T for part in (times, log_errors)]
    return read_out(points[0], points[1], np.broadcast_to(log_target, (width,)))


def combine(value: float, error_variance: float, blocks: int, time_variance: float, processes: int) -> Uncertain:
    """Join the variances that come from errors (by block) and from times (by process), which are independent.

    The degrees of freedom are Welch and Satterthwaite's. With one process the time's part is unknown and left out.
    """
    parts = [(error_variance, blocks - 1), (time_variance, processes - 1)]
    known = [(variance, freedom) for variance, freedom in parts if freedom > 0 and variance > 0]
    total = sum(variance for variance, _ in known)
    spread = sum(variance**2 / freedom for variance, freedom in known)
    return Uncertain(value=value, variance=total, degrees_of_freedom=total**2 / spread if spread > 0 else 0.0)


def leave_one_out_means(values: FloatArray) -> FloatArray:
    """Means over the last axis with each value left out in turn, `(…, n)` to `(…, n)`."""
    n = values.shape[-1]
    return np.asarray((values.sum(axis=-1, keepdims=True) - values) / (n - 1))
