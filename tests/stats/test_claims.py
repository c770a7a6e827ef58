import numpy as np
import pytest
from scipy import stats

from ablate.errors import UsageError
from ablate.stats import claim


def sample(n, mean, sd):
    """`n` values with exactly this mean and sd."""
    values = np.random.default_rng(1).normal(size=n)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)


def test_the_published_claim_of_the_record_recipe():
    # 2,000 trials of the ten published logs of the record: mean 0.94007995, sd 0.001319505, p = 0.0033959
    published = claim(sample(2000, 0.94007995, 0.0013195050), 0.94)
    assert published.t == pytest.approx(2.70971, abs=1e-5)
    assert published.p == pytest.approx(0.0033959, abs=1e-7)
    assert published.sentence == "mean above 0.94: p = 0.0034 (n = 2,000, mean 0.94008, sd 0.00132, t = 2.710)"


@pytest.mark.parametrize(("side", "alternative"), [("above", "greater"), ("below", "less")])
def test_p_is_that_of_scipy_on_either_side(side, alternative):
    values = np.random.default_rng(2).normal(0.9405, 0.0013, 40)
    for constant in (0.94, 0.941):
        reference = stats.ttest_1samp(values, constant, alternative=alternative)
        ours = claim(values, constant, side=side)
        assert ours.p == pytest.approx(reference.pvalue, rel=1e-10)
        assert ours.t == pytest.approx(reference.statistic, rel=1e-10)


def test_a_mean_on_the_wrong_side_is_no_evidence():
    values = sample(200, 0.93, 0.0013)
    assert claim(values, 0.94).p > 0.999
    assert claim(values, 0.94, side="below").p < 1e-6


@pytest.mark.parametrize(
    ("values", "note"),
    [
        ([], "0 values: a test needs at least two"),
        ([0.95], "1 value: a test needs at least two"),
        ([0.95, 0.95, 0.95], "all 3 values are the same, so there is no spread to judge by"),
        ([0.95, np.nan, 0.94], "1 value of 3 not finite: find out why before claiming anything"),
    ],
)
def test_what_cannot_carry_a_claim_says_so(values, note):
    refused = claim(values, 0.94)
    assert refused.note == note
    assert np.isnan(refused.p)
    assert refused.sentence == f"mean above 0.94: no test, {note}"


def test_a_claim_that_is_none_is_refused():
    with pytest.raises(UsageError, match="'above' or 'below', not 'near'"):
        claim([0.94, 0.95], 0.94, side="near")
    with pytest.raises(UsageError, match="finite constant, not nan"):
        claim([0.94, 0.95], float("nan"))
