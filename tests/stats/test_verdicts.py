import math

import pytest
from scipy import stats

from ablate.stats import Margins
from ablate.stats.verdicts import judge, more_to_settle, smallest
from ablate.study.score import TTA_ACCURACY

BAND = (-0.05, 0.05)


@pytest.mark.parametrize(
    ("mean", "half_width", "p", "verdict"),
    [
        (0.01, 0.03, 0.5, "equivalent"),
        # a real difference that is too small to matter is equivalent, not better
        (0.03, 0.01, 0.0001, "equivalent"),
        (0.04, 0.02, 0.0001, "better"),
        (-0.30, 0.10, 0.0001, "worse"),
        (0.30, 0.10, 0.06, "inconclusive"),
        (0.00, 0.10, 1.0, "inconclusive"),
        # an interval that ends on the margin does not lie inside it
        (0.02, 0.03, 0.2, "inconclusive"),
        (0.30, math.nan, math.nan, "no verdict"),
        (math.nan, math.nan, 0.01, "no verdict"),
    ],
)
def test_the_four_verdicts_and_none(mean, half_width, p, verdict):
    given = {"low": mean - half_width, "high": mean + half_width, "adjusted_p": p, "band": BAND}
    assert judge(mean=mean, more_is_better=True, **given) == verdict
    opposite = {"better": "worse", "worse": "better"}.get(verdict, verdict)
    assert judge(mean=mean, more_is_better=False, **given) == opposite


@pytest.mark.parametrize(("mean", "sd"), [(0.0, 0.18), (0.045, 0.18), (0.02, 0.05), (-0.09, 0.4)])
@pytest.mark.parametrize("family_size", [1, 10])
def test_so_many_more_settle_it_and_one_fewer_does_not(mean, sd, family_size):
    more = more_to_settle(mean=mean, sd=sd, count=5, band=BAND, family_size=family_size)

    def settled(total):
        error = sd / math.sqrt(total)
        half = stats.t.ppf(0.975, total - 1) * error
        significant = family_size * 2 * stats.t.sf(abs(mean) / error, total - 1) < 0.05
        return significant or abs(mean) + half < 0.05

    assert settled(5 + more)
    assert more == 1 or not settled(4 + more)


def test_some_things_no_number_of_trials_settles():
    assert more_to_settle(mean=0.0, sd=1e6, count=5, band=BAND, family_size=1) is None
    assert more_to_settle(mean=0.0, sd=math.nan, count=1, band=BAND, family_size=1) is None
    assert more_to_settle(mean=0.0, sd=0.0, count=5, band=BAND, family_size=1) is None


@pytest.mark.parametrize("threshold", [3, 4, 5, 17, 1000, 9999])
def test_the_search_finds_the_first_number_that_is_enough(threshold):
    assert smallest(lambda number: number >= threshold, at_least=3, at_most=10_000) == threshold


def test_the_search_gives_up():
    assert smallest(lambda number: False, at_least=2, at_most=50) is None
    assert smallest(lambda number: True, at_least=2) == 2


def test_a_margin_of_time_is_a_band_of_log_ratios():
    low, high = Margins(time_percent=0.5).log_time
    assert (math.exp(low), math.exp(high)) == pytest.approx((0.995, 1.005))
    assert Margins().score_band(TTA_ACCURACY) == (-0.0005, 0.0005)
