"""Welch's interval against scipy's, and where there is none."""

import math

import numpy as np
import pytest
from scipy import stats

from ablate.stats.unpaired import Sample, difference


@pytest.mark.parametrize(("n", "other_n", "scale"), [(5, 5, 1.0), (3, 20, 4.0), (40, 2, 0.1)])
def test_it_is_welchs(n, other_n, scale):
    rng = np.random.default_rng(7)
    one, other = rng.normal(1.0, 1.0, n), rng.normal(0.5, scale, other_n)
    reference = stats.ttest_ind(one, other, equal_var=False)
    interval = reference.confidence_interval(0.95)
    found = difference(Sample.of(one), Sample.of(other))
    assert found.mean == pytest.approx(one.mean() - other.mean())
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.low, found.high) == (pytest.approx(interval.low), pytest.approx(interval.high))


def test_it_covers_at_the_nominal_rate():
    rng = np.random.default_rng(8)
    covered = 0
    for _ in range(2000):
        one, other = rng.normal(0.2, 1.0, 5), rng.normal(0.0, 2.0, 9)
        found = difference(Sample.of(one), Sample.of(other))
        covered += found.low <= 0.2 <= found.high
    # 2,000 draws: Monte Carlo error 0.5 %.
    assert 0.935 < covered / 2000 < 0.965


@pytest.mark.parametrize(
    ("one", "other"), [([1.0], [2.0, 3.0]), ([], [1.0, 2.0]), ([1.0, 1.0], [2.0, 2.0]), ([math.nan, 1.0], [1.0, 2.0])]
)
def test_without_spread_on_a_side_there_is_no_interval(one, other):
    found = difference(Sample.of(one), Sample.of(other))
    assert math.isnan(found.low)
    assert math.isnan(found.p)


def test_values_that_are_not_finite_are_left_out():
    assert Sample.of([1.0, math.nan, 3.0, math.inf]) == Sample(n=2, mean=2.0, sd=pytest.approx(math.sqrt(2)))
