from dataclasses import replace
from functools import partial
from inspect import Parameter, signature

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from ablate.errors import UsageError
from ablate.stats import PUBLISHED_SPREADS, blocks_needed, processes_needed, trials_each_needed, visible
from ablate.stats.power import smallest_standardised_effect, t_test_power
from ablate.stats.precision import precision_of
from ablate.study import Study, screening
from ablate.study.levels import levels_of
from tests.fakes import FakeCatalogue
from tests.stats.simulate import FakeTrainer

with_published = partial(visible, spreads=PUBLISHED_SPREADS)
WITHOUT_TIME = replace(PUBLISHED_SPREADS, time_within_percent=None, time_arm_in_process_percent=None, source="runs/one")


@pytest.mark.parametrize("n", [2, 5, 10, 100])
def test_power_is_that_of_statsmodels(n):
    for effect in (0.1, 0.3, 0.6):
        reference = TTestPower().power(effect, n, 0.05, alternative="two-sided")
        assert t_test_power(effect, n) == pytest.approx(reference, abs=1e-6)


@pytest.mark.parametrize("n", [5, 20, 200])
def test_the_smallest_effect_is_that_of_statsmodels(n):
    reference = TTestPower().solve_power(nobs=n, alpha=0.05, power=0.8)
    assert smallest_standardised_effect(n) == pytest.approx(reference, rel=1e-4)
    seen = with_published(n, 5)
    assert seen.score_change == pytest.approx(reference * 0.13 * np.sqrt(2), rel=1e-4)


@pytest.mark.parametrize(("effect_pp", "trials"), [(0.1, 27), (0.05, 109), (0.02, 684)])
def test_trials_of_unpaired_arms_are_those_of_the_facts_sheet(effect_pp, trials):
    spreads = replace(PUBLISHED_SPREADS, score_sd=0.132)
    reference = TTestIndPower().solve_power(effect_pp / 0.132, alpha=0.05, power=0.8)
    assert trials_each_needed(effect_pp, spreads=spreads) == np.ceil(reference)
    # the sheet rounds a normal approximation
    assert trials_each_needed(effect_pp, spreads=spreads) == pytest.approx(trials, abs=2)


def test_the_smallest_change_of_time_comes_from_process_values():
    # four blocks a process: 2 * 0.010² for the arms in the process, 2 * 0.025² / 4 for their trials
    process_sd_percent = np.sqrt(2 * 0.010**2 + 2 * 0.025**2 / 4)
    reference = TTestPower().solve_power(nobs=5, alpha=0.05, power=0.8)
    assert with_published(20, 5).time_percent == pytest.approx(reference * process_sd_percent, rel=1e-3)


def test_blocks_needed_are_enough_and_one_fewer_is_not():
    needed = blocks_needed(0.05, spreads=PUBLISHED_SPREADS)
    assert with_published(needed, 5).score_change <= 0.05 < with_published(needed - 1, 5).score_change
    paired = blocks_needed(-0.05, spreads=replace(PUBLISHED_SPREADS, correlation=0.5))
    assert paired == pytest.approx(needed / 2, rel=0.03)


def test_processes_needed_are_enough_and_one_fewer_is_not():
    needed = processes_needed(0.02, 4, spreads=PUBLISHED_SPREADS)
    seen = [with_published(4 * processes, processes).time_percent for processes in (needed, needed - 1)]
    assert seen[0] <= 0.02 < seen[1]


def test_more_contrasts_see_less():
    alone, many = with_published(20, 5), with_published(20, 5, contrasts=10)
    assert many.score_change > alone.score_change
    assert many.time_percent > alone.time_percent
    reference = TTestPower().solve_power(nobs=20, alpha=0.005, power=0.8)
    assert many.score_change == pytest.approx(reference * 0.13 * np.sqrt(2), rel=1e-4)


def test_the_promised_effect_is_found_that_often():
    blocks, studies = 12, 20_000
    effect = with_published(blocks, 3).score_change
    rng = np.random.default_rng(1)
    differences = effect + rng.normal(0, 0.13, (studies, blocks)) - rng.normal(0, 0.13, (studies, blocks))
    assert (stats.ttest_1samp(differences, 0.0, axis=1).pvalue < 0.05).mean() == pytest.approx(0.8, abs=0.01)


def test_small_studies_say_what_they_lack():
    assert with_published(3, 1).sentence == "3 blocks: numbers and no verdict; run at least 5"
    assert "no interval of time: that takes at least two processes, better five" in with_published(10, 1).sentence
    assert np.isnan(with_published(10, 1).time_percent)
    assert with_published(20, 5).sentence == (
        "This study can see 0.12 pp of accuracy and 0.038 % of time (80 % power, with the spreads of the published A100 logs)"
    )
    # no more than five of the ten processes get a block
    assert with_published(5, 10).time_percent == with_published(5, 5).time_percent


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: with_published(0, 5), "blocks = 0: give 1 or more"),
        (lambda: with_published(5, 0), "processes = 0: give 1 or more"),
        (lambda: with_published(5, 5, contrasts=0), "contrasts = 0: give 1 or more"),
        (lambda: with_published(5, 5, power=1.0), "power = 1.0: give a number between 0.05 and 1"),
        (lambda: blocks_needed(0.0, spreads=PUBLISHED_SPREADS), "an effect of 0.0 cannot be looked for"),
        (lambda: blocks_needed(1e-9, spreads=PUBLISHED_SPREADS), "takes more trials than anyone could run"),
        (
            lambda: trials_each_needed(float("nan"), spreads=PUBLISHED_SPREADS),
            "an effect of nan cannot be looked for",
        ),
        (
            lambda: processes_needed(-100, 4, spreads=PUBLISHED_SPREADS),
            "a change of time of -100 % cannot be looked for",
        ),
        (
            lambda: processes_needed(1.0, 4, spreads=WITHOUT_TIME),
            "the spreads of runs/one tell nothing of time: run with --trials 3 --processes 3 first",
        ),
        (lambda: processes_needed(1.0, 0, spreads=PUBLISHED_SPREADS), "blocks_each = 0: give 1 or more"),
    ],
)
def test_questions_without_an_answer_are_refused(call, message):
    with pytest.raises(UsageError, match=message):
        call()


@pytest.mark.parametrize("function", [visible, blocks_needed, processes_needed, trials_each_needed])
def test_whose_spreads_are_meant_has_to_be_said(function):
    assert signature(function).parameters["spreads"].default is Parameter.empty


def test_what_nobody_has_measured_is_unknown():
    for processes, first in ((1, "--trials 3"), (5, "--trials 3 --processes 3")):
        seen = visible(20, processes, spreads=None)
        assert np.isnan(seen.score_change)
        assert np.isnan(seen.time_percent)
        assert seen.spreads_source is None
        assert seen.sentence == f"What this study can see is unknown here; `ablate run {first}` tells"
    kept = visible(
        20, 5, spreads=None, clock="interleaved", options=["--clock", "interleaved", "--registry", "my own.py"]
    )
    assert kept.pilot == "ablate run --trials 3 --processes 3 --clock interleaved --registry 'my own.py'"
    assert f"`{kept.pilot}` tells" in kept.sentence
    # Side by side there is no time to be told.
    assert (
        visible(20, 5, spreads=None, times_count=False, options=["--parallel", "2"]).pilot
        == "ablate run --trials 3 --parallel 2"
    )


@pytest.mark.parametrize(("arm_in_process", "said"), [(0.01, "0.038 %"), (3.0, "7.4 %"), (60.0, "317 %")])
def test_large_effects_are_said_in_plain_numbers(arm_in_process, said):
    noisy = replace(PUBLISHED_SPREADS, time_arm_in_process_percent=arm_in_process)
    assert f"pp of accuracy and {said} of time" in visible(20, 5, spreads=noisy).sentence


def test_spreads_of_one_process_promise_nothing_of_time():
    seen = visible(20, 5, spreads=WITHOUT_TIME)
    assert seen.score_change == with_published(20, 5).score_change
    assert np.isnan(seen.time_percent)
    assert seen.sentence == (
        "This study can see 0.12 pp of accuracy (80 % power, with the spreads of runs/one); "
        "what it can see of time is unknown here, `ablate run --trials 3 --processes 3` tells"
    )
    assert "gives no interval of time" in visible(20, 1, spreads=WITHOUT_TIME).sentence


@pytest.mark.parametrize(("blocks", "processes"), [(5, 5), (4, 4)])
def test_the_promised_average_is_found_that_often(blocks, processes):
    design = screening([*"abcdefgh"], FakeCatalogue({name: name for name in "abcdefgh"}))
    study = Study.of(design, name="s", question="q", blocks=blocks, processes=processes)
    promised = visible(
        blocks,
        processes,
        spreads=PUBLISHED_SPREADS,
        arms_averaged=len(design.arms),
        precision=precision_of(study, PUBLISHED_SPREADS),
    )
    gain, ratio = promised.score_change / 100, np.log1p(promised.time_percent / 100)
    world = FakeTrainer(
        accuracy={arm.name: 0.94 + gain * ("a" in arm.features) for arm in design.arms},
        seconds={arm.name: 2.59 * np.exp(ratio * ("a" in arm.features)) for arm in design.arms},
        block_share=0.0,
    )
    drawn = world.studies(np.random.default_rng(1), studies=2000, blocks=blocks, processes=processes)
    accuracy, time = drawn.average(levels_of([arm.features for arm in design.arms], [*"abcdefgh"]))
    assert (accuracy.p[:, 0] < 0.05).mean() == pytest.approx(0.8, abs=0.03)
    assert (time.p[:, 0] < 0.05).mean() > 0.7
    assert "This study can see" in promised.sentence
    whole = visible(blocks, processes, spreads=PUBLISHED_SPREADS)
    assert promised.score_change < whole.score_change / 2
