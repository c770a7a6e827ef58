"""Which arms no other arm beats on both time and accuracy."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ablate.errors import UsageError


def pareto_front(time_seconds: ArrayLike, accuracy: ArrayLike) -> NDArray[np.bool_]:
    """Which of `n` points `(n,)` are on the front: none is as fast and as accurate, and better in one of the two.

    Equal points are on the front together. A point with a number that is not finite is not, and beats nobody.

    Raises:
        UsageError: the two arrays differ in length.
    """
    times, accuracies = np.asarray(time_seconds, dtype=np.float64), np.asarray(accuracy, dtype=np.float64)
    if times.shape != accuracies.shape or times.ndim != 1:
        raise UsageError(f"a Pareto front needs as many times as accuracies, not {times.size} and {accuracies.size}")
    finite = np.isfinite(times) & np.isfinite(accuracies)
    front = np.zeros(times.shape, dtype=np.bool_)
    best_of_faster = -np.inf
    ascending = np.unique(times[finite])
    for moment in ascending:
        together = finite & (times == moment)
        best = accuracies[together].max()
        if best > best_of_faster:
            front |= together & (accuracies == best)
            best_of_faster = best
    return front
