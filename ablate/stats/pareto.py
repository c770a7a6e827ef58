"""Which arms no other arm beats on both time and score."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UsageError
from ablate.study.score import TTA_ACCURACY, Score


def pareto_front(time_seconds: ArrayLike, values: ArrayLike, *, score: Score = TTA_ACCURACY) -> NDArray[np.bool_]:
    """Which of `n` points `(n,)` are on the front: none is as fast and as good, and better in one of the two.

    `values` are scores; `score` says which way is better.

    Equal points are on the front together. A point with a number that is not finite is not, and beats nobody.

    Raises:
        UsageError: the two arrays differ in length.
    """
    times, gains = np.asarray(time_seconds, dtype=np.float64), score.sign * np.asarray(values, dtype=np.float64)
    if times.shape != gains.shape or times.ndim != 1:
        raise UsageError(f"a Pareto front needs as many times as scores, not {times.size} and {gains.size}")
    finite = np.isfinite(times) & np.isfinite(gains)
    front = np.zeros(times.shape, dtype=np.bool_)
    best_of_faster = -np.inf
    ascending = np.unique(times[finite])
    for moment in ascending:
        together = finite & (times == moment)
        best = gains[together].max()
        if best > best_of_faster:
            front |= together & (gains == best)
            best_of_faster = best
    return front
