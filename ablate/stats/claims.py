"""Claims against a constant: "the mean accuracy is above 94 %"."""

from dataclasses import dataclass
from math import isfinite
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablate.errors import UsageError
from ablate.stats.intervals import NO_SPREAD
from ablate.stats.wording import counted

Side: TypeAlias = Literal["above", "below"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A one-sided one-sample t-test of "the mean is `side` `constant`", in the unit of the values.

    `p` is small only when the mean lies on the claimed side; NaN, with the reason in `note`, where no test is possible.
    """

    side: Side
    constant: float
    n: int
    mean: float
    sd: float
    t: float
    p: float
    note: str

    @property
    def sentence(self) -> str:
        """The claim with everything needed to check it: "mean above 0.94: p = 0.0034 (n = 2,000, mean 0.94008, sd 0.00132)"."""
        claimed = f"mean {self.side} {self.constant:g}"
        if not isfinite(self.p):
            return f"{claimed}: no test, {self.note}"
        return f"{claimed}: p = {self.p:.2g} (n = {self.n:,}, mean {self.mean:.5f}, sd {self.sd:.5f}, t = {self.t:.3f})"


def claim(values: ArrayLike, constant: float, *, side: Side = "above") -> Claim:
    """Test "the mean of `values` `(n,)` is above (or below) `constant`"; values and constant in one unit.

    The tail is chosen by the claim and not by the data: halving a two-sided p would call a mean on the wrong side significant.
    Values that are not finite make the test impossible rather than smaller. Trials are taken as independent, which holds for
    accuracies and not for times: there, hand over one mean a process.

    Raises:
        UsageError: `constant` is not finite, or `side` is neither "above" nor "below".
    """
    if side not in ("above", "below"):
        raise UsageError(f"a claim's side is 'above' or 'below', not '{side}'")
    if not isfinite(constant):
        raise UsageError(f"a claim needs a finite constant, not {constant}")
    sample = np.asarray(values, dtype=np.float64).ravel()
    n = sample.size
    unfinished = int((~np.isfinite(sample)).sum())
    mean = float(sample.mean()) if n and not unfinished else float("nan")
    sd = float(sample.std(ddof=1)) if n > 1 and not unfinished else float("nan")
    note = _obstacle(n, unfinished, sd)
    if note:
        return Claim(side=side, constant=constant, n=n, mean=mean, sd=sd, t=float("nan"), p=float("nan"), note=note)
    t = (mean - constant) / (sd / np.sqrt(n))
    p = stats.t.sf(t, n - 1) if side == "above" else stats.t.cdf(t, n - 1)
    return Claim(side=side, constant=constant, n=n, mean=mean, sd=sd, t=float(t), p=float(p), note="")


def _obstacle(n: int, unfinished: int, sd: float) -> str:
    if n < 2:
        return f"{counted(n, 'value')}: a test needs at least two"
    if unfinished:
        return f"{counted(unfinished, 'value')} of {n:,} not finite: find out why before claiming anything"
    if sd <= NO_SPREAD:
        return f"all {n:,} values are the same, so there is no spread to judge by"
    return ""
