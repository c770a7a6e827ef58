import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from ablate.stats import holm


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_holm_is_that_of_statsmodels(size, monkeypatch):
    # Theirs collects garbage each time, which takes far longer than the adjustment.
    monkeypatch.setattr("gc.collect", lambda: 0)
    rng = np.random.default_rng(size)
    for _ in range(4):
        p = rng.random(size) ** 3
        np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


def test_many_families_at_once_are_each_adjusted_alone():
    families = np.random.default_rng(1).random((6, 5)) ** 2
    np.testing.assert_array_equal(holm(families), [holm(family) for family in families])


def test_pinned_values_with_ties_and_the_cap_at_one():
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.02, 0.02, 0.9]).tolist() == pytest.approx([0.06, 0.06, 0.9])
    assert holm([0.6, 0.7]).tolist() == [1.0, 1.0]


def test_what_was_not_tested_is_not_part_of_the_family():
    adjusted = holm([np.nan, 0.01, np.nan, 0.04])
    assert np.isnan(adjusted[[0, 2]]).all()
    assert adjusted[[1, 3]].tolist() == pytest.approx([0.02, 0.04])
    assert np.isnan(holm([np.nan])).all()
    assert holm([]).size == 0
