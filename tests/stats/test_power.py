import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from ablate.errors import UsageError
from ablate.stats import Spreads, blocks_needed, processes_needed, trials_each_needed, visible
from ablate.stats.power import smallest_standardised_effect, t_test_power


@pytest.mark.parametrize("n", [2, 5, 10, 100])
def test_power_is_that_of_statsmodels(n):
    for effect in (0.1, 0.3, 0.6):
        reference = TTestPower().power(effect, n, 0.05, alternative="two-sided")
        assert t_test_power(effect, n) == pytest.approx(reference, abs=1e-6)


@pytest.mark.parametrize("n", [5, 20, 200])
def test_the_smallest_effect_is_that_of_statsmodels(n):
    reference = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    assert smallest_standardised_effect(n) == pytest.approx(reference, rel=1e-4)
    seen = visible(n, 5)
    assert seen.accuracy_pp == pytest.approx(reference * 0.13 * np.sqrt(2), rel=1e-4)


@pytest.mark.parametrize(("effect_pp", "trials"), [(0.1, 27), (0.05, 109), (0.02, 684)])
def test_trials_of_unpaired_arms_are_those_of_the_facts_sheet(effect_pp, trials):
    spreads = Spreads(accuracy_pp=0.132)
    reference = TTestIndPower().solve_power(effect_pp / 0.132, alpha=0.05, power=0.8)
    assert trials_each_needed(effect_pp, spreads=spreads) == np.ceil(reference)
    # the sheet rounds a normal approximation
    assert trials_each_needed(effect_pp, spreads=spreads) == pytest.approx(trials, abs=2)


def test_the_smallest_change_of_time_comes_from_process_values():
    # four blocks a process: 2 * 0.010² for the arms in the process, 2 * 0.025² / 4 for their trials
    process_sd_percent = np.sqrt(2 * 0.010**2 + 2 * 0.025**2 / 4)
    reference = TTestPower().solve_power(nobs=5, alpha=0.05, power=0.8)
    assert visible(20, 5).time_percent == pytest.approx(reference * process_sd_percent, rel=1e-3)


def test_blocks_needed_are_enough_and_one_fewer_is_not():
    needed = blocks_needed(0.05)
    assert visible(needed, 5).accuracy_pp <= 0.05 < visible(needed - 1, 5).accuracy_pp
    paired = blocks_needed(-0.05, spreads=Spreads(correlation=0.5))
    assert paired == pytest.approx(needed / 2, rel=0.03)


def test_processes_needed_are_enough_and_one_fewer_is_not():
    needed = processes_needed(0.02, 4)
    seen = [visible(4 * processes, processes).time_percent for processes in (needed, needed - 1)]
    assert seen[0] <= 0.02 < seen[1]


def test_more_contrasts_see_less():
    alone, many = visible(20, 5), visible(20, 5, contrasts=10)
    assert many.accuracy_pp > alone.accuracy_pp
    assert many.time_percent > alone.time_percent
    reference = TTestPower().solve_power(nobs=20, alpha=0.005, power=0.8)
    assert many.accuracy_pp == pytest.approx(reference * 0.13 * np.sqrt(2), rel=1e-4)


def test_the_promised_effect_is_found_that_often():
    blocks, studies = 12, 20_000
    effect = visible(blocks, 3).accuracy_pp
    rng = np.random.default_rng(1)
    differences = effect + rng.normal(0, 0.13, (studies, blocks)) - rng.normal(0, 0.13, (studies, blocks))
    assert (stats.ttest_1samp(differences, 0.0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.01)


def test_small_studies_say_what_they_lack():
    assert visible(3, 1).sentence == "3 blocks: numbers and no verdict; run at least 5"
    assert "no interval of time: that takes at least two processes, better five" in visible(10, 1).sentence
    assert np.isnan(visible(10, 1).time_percent)
    assert visible(20, 5).sentence == (
        "can see 0.12 pp of accuracy and 0.038 % of time (80 % power, with the spreads of the published A100 logs)"
    )
    # no more than five of the ten processes get a block
    assert visible(5, 10).time_percent == visible(5, 5).time_percent


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: visible(0, 5), "blocks = 0: give 1 or more"),
        (lambda: visible(5, 0), "processes = 0: give 1 or more"),
        (lambda: visible(5, 5, contrasts=0), "contrasts = 0: give 1 or more"),
        (lambda: visible(5, 5, power=1.0), "power = 1.0: give a number between 0.05 and 1"),
        (lambda: blocks_needed(0.0), "an effect of 0.0 pp cannot be looked for"),
        (lambda: blocks_needed(1e-9), "takes more trials than anyone could run"),
        (lambda: trials_each_needed(float("nan")), "an effect of nan pp cannot be looked for"),
        (lambda: processes_needed(-100, 4), "a change of time of -100 % cannot be looked for"),
        (lambda: processes_needed(1.0, 0), "blocks_each = 0: give 1 or more"),
    ],
)
def test_questions_without_an_answer_are_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()
