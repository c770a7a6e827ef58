import numpy as np
import pytest
from scipy import stats

from ablate.stats.intervals import correlation, process_means, t_interval, within_process_sd


def test_the_interval_is_that_of_scipy_for_one_sample_and_for_many():
    samples = np.random.default_rng(1).normal(0.3, 1.0, (4, 9))
    ours = t_interval(samples)
    for row in range(4):
        reference = stats.ttest_1samp(samples[row], 0.0)
        low, high = reference.confidence_interval(0.95)
        assert (ours.low[row], ours.high[row]) == pytest.approx((low, high), rel=1e-12)
        assert ours.p[row] == pytest.approx(reference.pvalue, rel=1e-12)
        assert float(t_interval(samples[row]).low) == pytest.approx(low, rel=1e-12)


def test_the_level_is_the_readers_choice():
    samples = [1.0, 2.0, 4.0, 3.5]
    low, high = stats.ttest_1samp(samples, 0.0).confidence_interval(0.8)
    ours = t_interval(samples, confidence=0.8)
    assert (float(ours.low), float(ours.high)) == pytest.approx((low, high), rel=1e-12)


@pytest.mark.parametrize(
    ("samples", "mean"), [([], np.nan), ([2.0], 2.0), ([2.0, 2.0, 2.0], 2.0), ([0.94 + 1e-16] * 5, 0.94)]
)
def test_too_little_to_go_by_gives_no_interval(samples, mean):
    ours = t_interval(samples)
    assert ours.n == len(samples)
    assert float(ours.mean) == pytest.approx(mean, nan_ok=True)
    assert np.isnan([float(ours.low), float(ours.high), float(ours.p)]).all()


def test_process_means_match_a_group_by():
    values, owners = np.array([1.0, 2.0, 3.0, 10.0, 20.0]), np.array([7, 7, 7, 2, 2])
    assert process_means(values, owners).tolist() == [15.0, 2.0]
    assert process_means(np.stack([values, -values]), owners).tolist() == [[15.0, 2.0], [-15.0, -2.0]]
    assert process_means(np.empty((3, 0)), np.empty(0, dtype=int)).shape == (3, 0)


def test_the_spread_within_processes_leaves_their_shifts_out():
    rng = np.random.default_rng(2)
    owners = np.repeat(np.arange(40), 50)
    values = rng.normal(0, 100.0, 40)[owners] + rng.normal(0, 0.5, 2000)
    assert within_process_sd(values, owners) == pytest.approx(0.5, rel=0.05)
    # one process of (1, 2, 3): sd 1; a lone trial of another process adds nothing
    assert within_process_sd([1.0, 2.0, 3.0, 9.0], [0, 0, 0, 1]) == pytest.approx(1.0)
    assert np.isnan(within_process_sd([1.0, 2.0], [0, 1]))


def test_correlation_is_pearsons_or_nothing():
    left, right = [1.0, 2.0, 4.0, 3.0], [1.5, 1.0, 5.0, 4.0]
    assert correlation(left, right) == pytest.approx(stats.pearsonr(left, right)[0], rel=1e-12)
    assert np.isnan(correlation([1.0, 2.0], [1.0, 2.0]))
    assert np.isnan(correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]))
