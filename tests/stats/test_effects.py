import math

import numpy as np
import pytest
from scipy import stats

from ablate.stats import Margins, effects, list_effects
from tests.stats.build import contrast, deal, frame_of, noisy_pair


def test_accuracy_is_the_paired_t_of_scipy():
    frame = noisy_pair(np.random.default_rng(1), gain=0.0004)
    (effect,) = list_effects(frame, [contrast()])
    wide = frame.pivot_table(index="block", columns="arm", values="score")
    reference = stats.ttest_rel(wide["with"], wide["without"])
    low, high = reference.confidence_interval(0.95)
    assert effect.score_p == pytest.approx(reference.pvalue, rel=1e-9)
    assert effect.score_low == pytest.approx(100 * low, rel=1e-9)
    assert effect.score_high == pytest.approx(100 * high, rel=1e-9)
    assert effect.score_correlation == pytest.approx(stats.pearsonr(wide["with"], wide["without"])[0], rel=1e-9)
    assert effect.accuracy_pp == pytest.approx(effect.score_change)


def test_time_is_a_one_sample_t_on_the_processes_mean_log_ratios():
    frame = noisy_pair(np.random.default_rng(2), blocks=23, processes=4, time_ratio=0.98)
    (effect,) = list_effects(frame, [contrast()])
    wide = frame.pivot_table(index=["process", "block"], columns="arm", values="time_seconds")
    values = np.log(wide["with"] / wide["without"]).groupby("process").mean()
    reference = stats.ttest_1samp(values, 0.0)
    low, high = reference.confidence_interval(0.95)
    assert effect.processes == 4
    assert effect.time_percent == pytest.approx(100 * math.expm1(values.mean()), rel=1e-9)
    assert effect.time_low_percent == pytest.approx(100 * math.expm1(low), rel=1e-9)
    assert effect.time_high_percent == pytest.approx(100 * math.expm1(high), rel=1e-9)
    assert effect.time_p == pytest.approx(reference.pvalue, rel=1e-9)


def test_numbers_pinned_by_hand():
    # differences 0.1, 0.2, 0.3, 0.2, 0.2 pp: mean 0.2, sd 0.0707107, t(4; 0.975) = 2.776445
    frame = frame_of(
        {"with": [0.941, 0.942, 0.943, 0.942, 0.942], "without": [0.94] * 5},
        {"with": [1.0, 1.0, 1.0, 1.0, 1.0], "without": [2.0, 2.0, 1.0, 1.0, 4.0]},
        [0, 0, 1, 1, 2],
    )
    (effect,) = list_effects(frame, [contrast()])
    assert effect.score_change == pytest.approx(0.2)
    assert effect.score_sd == pytest.approx(0.0707107, rel=1e-5)
    assert effect.score_high == pytest.approx(0.2 + 2.776445 * 0.0707107 / math.sqrt(5), rel=1e-5)
    # process values log(1/2), 0, log(1/4): their mean is log(1/2)
    assert effect.time_percent == pytest.approx(-50.0)
    assert math.isnan(effect.score_correlation)


def test_a_leave_one_out_effect_reads_as_what_the_feature_does_and_its_raw_numbers_as_run():
    frame = noisy_pair(np.random.default_rng(4), time_ratio=0.977, gain=-0.002)
    (left_out,) = list_effects(frame, [contrast(kind="leave_one_out")])
    (added,) = list_effects(frame, [contrast(kind="add_one_in")])
    assert left_out.headline == added.headline
    assert left_out.headline.startswith("silu: saves 2.3 % of the time, \N{MINUS SIGN}0.")
    assert (left_out.arm, left_out.reference) == ("without", "with")
    assert (added.arm, added.reference) == ("with", "without")
    assert left_out.raw_time_seconds == -added.raw_time_seconds == pytest.approx(0.046, abs=0.002)
    assert left_out.raw_score_change == -added.raw_score_change > 0
    assert left_out.raw_time_percent == pytest.approx(100 * (1 / 0.977 - 1), abs=0.1)


def test_verdicts_know_which_way_is_better():
    frame = noisy_pair(np.random.default_rng(5), blocks=100, time_ratio=0.97, gain=-0.003)
    forward, backward = (
        list_effects(frame, [contrast(with_arm=one, without_arm=other)])[0]
        for one, other in (("with", "without"), ("without", "with"))
    )
    assert (forward.time_verdict, forward.score_verdict) == ("better", "worse")
    assert (backward.time_verdict, backward.score_verdict) == ("worse", "better")


def test_small_differences_are_equivalent_only_with_a_narrow_interval():
    rng = np.random.default_rng(6)
    (wide,) = list_effects(noisy_pair(rng, blocks=10), [contrast()])
    (narrow,) = list_effects(noisy_pair(rng, blocks=500), [contrast()])
    assert wide.score_p > 0.05
    assert wide.score_verdict == "inconclusive"
    assert narrow.score_verdict == "equivalent"
    assert narrow.time_verdict == "equivalent"


def test_margins_decide_what_is_equivalent():
    frame = noisy_pair(np.random.default_rng(7), blocks=40, time_ratio=0.998)
    (strict,) = list_effects(frame, [contrast()], margins=Margins(score=0.05, time_percent=0.1))
    (lenient,) = list_effects(frame, [contrast()], margins=Margins(score=0.5, time_percent=0.5))
    assert (strict.time_verdict, lenient.time_verdict) == ("better", "equivalent")
    assert (strict.score_verdict, lenient.score_verdict) == ("inconclusive", "equivalent")


def test_holm_counts_every_contrast_of_the_study_once_per_outcome():
    frame = noisy_pair(np.random.default_rng(8), gain=0.001)
    one = contrast()
    (alone,) = list_effects(frame, [one])
    three = list_effects(frame, [one, one, one])
    assert alone.score_p_holm == alone.score_p
    assert three[0].score_p_holm == pytest.approx(3 * alone.score_p)
    with_absent = list_effects(frame, [one, contrast(with_arm="nowhere")])
    assert with_absent[0].score_p_holm == alone.score_p


def test_the_simultaneous_interval_allows_for_the_whole_family():
    frame = noisy_pair(np.random.default_rng(8), gain=0.001, time_ratio=0.98, processes=5)
    one = contrast()
    (alone,) = list_effects(frame, [one])
    assert (alone.time_family, alone.score_family) == (1, 1)
    assert alone.score_family_low == pytest.approx(alone.score_low, rel=1e-9)
    assert alone.time_saved_family_high_percent == pytest.approx(alone.time_saved_high_percent, rel=1e-9)
    effect = list_effects(frame, [one] * 22)[0]
    assert (effect.time_family, effect.score_family) == (22, 22)
    wide = frame.pivot_table(index="block", columns="arm", values="score")
    reference = stats.ttest_rel(wide["with"], wide["without"]).confidence_interval(1 - 0.05 / 22)
    assert effect.score_family_low == pytest.approx(100 * reference.low, rel=1e-9)
    assert effect.score_family_high == pytest.approx(100 * reference.high, rel=1e-9)
    wide = frame.pivot_table(index=["process", "block"], columns="arm", values="time_seconds")
    values = np.log(wide["with"] / wide["without"]).groupby("process").mean()
    reference = stats.ttest_1samp(values, 0.0).confidence_interval(1 - 0.05 / 22)
    assert effect.time_saved_family_low_percent == pytest.approx(-100 * math.expm1(reference.high), rel=1e-9)
    assert effect.time_saved_family_high_percent == pytest.approx(-100 * math.expm1(reference.low), rel=1e-9)


def test_a_contrast_too_small_for_a_verdict_has_no_simultaneous_interval():
    frame = noisy_pair(np.random.default_rng(8), blocks=4, processes=2)
    (effect,) = list_effects(frame, [contrast()])
    assert effect.time_family == 0
    assert math.isnan(effect.time_saved_family_low_percent)
    assert math.isfinite(effect.time_saved_low_percent)


def test_time_saved_is_the_raw_change_turned_round():
    frame = noisy_pair(np.random.default_rng(2), processes=4, time_ratio=0.9)
    (effect,) = list_effects(frame, [contrast()])
    assert effect.time_saved_percent == -effect.time_percent > 9
    assert effect.time_saved_low_percent == -effect.time_high_percent
    assert effect.time_saved_high_percent == -effect.time_low_percent


def test_what_would_settle_an_inconclusive_effect_does_settle_it():
    frame = noisy_pair(np.random.default_rng(9), blocks=12, gain=0.0005)
    (effect,) = list_effects(frame, [contrast()])
    assert effect.score_verdict == "inconclusive"
    total = 12 + effect.score_more_blocks
    error = effect.score_sd / math.sqrt(total)
    half = stats.t.ppf(0.975, total - 1) * error
    p = 2 * stats.t.sf(abs(effect.score_change) / error, total - 1)
    assert p < 0.05 or abs(effect.score_change) + half < 0.05
    assert f"about {effect.score_more_blocks} more blocks would settle it" in effect.sentence


def test_the_table_has_the_fields_of_the_effects():
    frame = noisy_pair(np.random.default_rng(10))
    table = effects(frame, [contrast(), contrast("other")])
    assert table["subject"].tolist() == ["silu", "other"]
    assert table.loc[0, "headline"] == list_effects(frame, [contrast()])[0].headline
    assert len(effects(frame, [])) == 0
    assert "score_change" in effects(frame, []).columns


def test_processes_are_weighted_alike_however_many_blocks_they_ran():
    times = {"with": [1.0] * 9 + [2.0], "without": [1.0] * 10}
    accuracies = {arm: np.linspace(0.9, 0.95, 10) + shift for arm, shift in (("with", 0.01), ("without", 0.0))}
    (effect,) = list_effects(frame_of(accuracies, times, [0] * 9 + [1]), [contrast()])
    assert effect.time_percent == pytest.approx(100 * (math.sqrt(2) - 1))


def test_effects_do_not_see_drift():
    rng = np.random.default_rng(11)
    blocks = 200
    hours = np.arange(2 * blocks).reshape(blocks, 2) / (2 * blocks) * 3
    order = np.argsort(rng.random((blocks, 2)), axis=1)
    order[1::2] = order[::2, ::-1]
    drift = 1 + 0.01 * np.take_along_axis(hours, order, axis=1)
    times = 2.0 * drift + rng.normal(0, 0.0005, (blocks, 2))
    accuracies = {"with": rng.normal(0.94, 0.0013, blocks), "without": rng.normal(0.94, 0.0013, blocks)}
    frame = frame_of(accuracies, {"with": times[:, 0], "without": times[:, 1]}, deal(blocks, 5))
    (effect,) = list_effects(frame, [contrast()])
    assert abs(effect.time_percent) < 0.01
