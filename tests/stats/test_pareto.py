import numpy as np
import pytest

from ablate.errors import UsageError
from ablate.stats import pareto_front


def naive(times, accuracies):
    points = list(zip(times, accuracies, strict=True))
    return [
        not any((t <= time and a >= accuracy) and (t < time or a > accuracy) for t, a in points)
        for time, accuracy in points
    ]


def test_the_front_is_that_of_comparing_every_pair():
    rng = np.random.default_rng(1)
    for size in (1, 5, 60):
        times, accuracies = rng.integers(0, 12, (2, size)).astype(float)
        assert pareto_front(times, accuracies).tolist() == naive(times, accuracies)


def test_slower_and_no_better_is_off_and_equals_stay_together():
    assert pareto_front([1.0, 2.0, 2.0, 3.0], [0.90, 0.94, 0.94, 0.94]).tolist() == [True, True, True, False]


def test_a_number_that_is_none_is_off_and_beats_nobody():
    assert pareto_front([1.0, np.nan, 0.5], [0.9, 0.99, np.nan]).tolist() == [True, False, False]
    assert pareto_front([], []).tolist() == []


def test_unlike_lengths_are_refused():
    with pytest.raises(UsageError, match="as many times as scores, not 2 and 1"):
        pareto_front([1.0, 2.0], [0.9])
