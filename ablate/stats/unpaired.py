"""Two means that were not measured together: Welch's t, for comparing with stored numbers only (measurement.md, rule 1)."""

from dataclasses import dataclass
from math import isfinite, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablate.stats.intervals import CONFIDENCE, NO_SPREAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A mean with the sd of its `n` independent values, all in one unit."""

    n: int
    mean: float
    sd: float

    @classmethod
    def of(cls, values: ArrayLike) -> "Sample":
        """The sample of the finite ones among `values` `(n,)`."""
        numbers = np.asarray(values, dtype=np.float64).ravel()
        numbers = numbers[np.isfinite(numbers)]
        return cls(
            n=numbers.size,
            mean=float(numbers.mean()) if numbers.size else nan,
            sd=float(numbers.std(ddof=1)) if numbers.size > 1 else nan,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One mean minus another, with a 95 % interval and the two-sided p of "none"; NaN where a side has no spread to judge by."""

    mean: float
    low: float
    high: float
    p: float


def difference(sample: Sample, other: Sample, *, confidence: float = CONFIDENCE) -> Difference:
    """`sample` minus `other`, taken as independent with sds of their own.

    Source: B. L. Welch, "The generalization of 'Student's' problem when several different population variances are involved",
    Biometrika 34 (1947) 28-35; degrees of freedom by Satterthwaite's formula.
    """
    mean = sample.mean - other.mean
    parts = [
        (each.sd**2 / each.n, each.n) if each.n > 1 and isfinite(each.sd) else (nan, each.n) for each in (sample, other)
    ]
    variance = sum(part for part, _ in parts)
    if not (isfinite(mean) and isfinite(variance)) or sqrt(variance) <= NO_SPREAD:
        return Difference(mean=mean, low=nan, high=nan, p=nan)
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
    standard_error = sqrt(variance)
    half_width = float(stats.t.ppf(0.5 + confidence / 2, freedom)) * standard_error
    p = 2 * float(stats.t.sf(abs(mean) / standard_error, freedom))
    return Difference(mean=mean, low=mean - half_width, high=mean + half_width, p=p)
