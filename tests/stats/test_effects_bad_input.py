"""What comes of trials that cannot carry an effect: a sentence, never a traceback or a misleading number."""

import math
from dataclasses import asdict

import numpy as np
import pytest

from ablate.errors import UsageError
from ablate.stats import Margins, list_effects, trials_frame
from tests.stats.build import contrast, frame_of, noisy_pair, trial


def only(trials, **changes):
    (effect,) = list_effects(trials_frame(trials), [contrast(**changes)])
    return effect


def numbers_of(effect):
    names = [name for name in asdict(effect) if name.endswith(("_pp", "_percent", "_p", "_holm", "_seconds"))]
    return [getattr(effect, name) for name in names]


def both(block, **fields):
    return [trial("with", block, **fields), trial("without", block, **fields)]


@pytest.mark.parametrize(
    ("trials", "note"),
    [
        ([], "arm 'with' has no trial in this run folder"),
        ([trial("with", 0)], "arm 'without' has no trial in this run folder"),
        (
            [trial("with", 0), trial("without", 0, status="failed"), trial("without", 1, status="timeout")],
            "all 2 trials of arm 'without' failed or ran out of time",
        ),
        ([trial("with", 0), trial("without", 0, status="failed")], "the only trial of arm 'without' failed"),
        (
            [trial("with", 0), trial("without", 0, score=float("nan"))],
            "the only trial of arm 'without' gave no finite time and score",
        ),
        ([trial("with", 0), trial("without", 1)], "no block has a usable trial of both 'with' and 'without'"),
        (
            [*both(0), *both(1, data="cifar10", data_digest="c" * 64)],
            "mix data sets: synthetic (dddddddd), cifar10 (cccccccc); nothing is compared across them",
        ),
        (
            [trial("with", 0), trial("without", 0, environment="f" * 64)],
            "arms 'with' and 'without' never ran in one environment within a block",
        ),
    ],
)
def test_nothing_to_compare(trials, note):
    effect = only(trials)
    assert note in effect.note
    assert note in effect.sentence
    assert effect.headline == "silu: no effect measured"
    assert (effect.time_verdict, effect.score_verdict) == ("no verdict", "no verdict")
    assert all(math.isnan(number) for number in numbers_of(effect))


def test_two_trials_give_numbers_and_no_verdict():
    effect = only([trial("with", 0, time_seconds=1.9, score=0.9405), trial("without", 0)])
    assert effect.headline == "silu: saves 5.0 % of the time, +0.05 pp"
    assert math.isnan(effect.score_low)
    assert math.isnan(effect.time_low_percent)
    assert "1 block: numbers and no verdict; run at least 5" in effect.note


def test_four_blocks_have_intervals_and_no_verdict_whatever_they_show():
    frame = noisy_pair(np.random.default_rng(1), blocks=4, processes=2, gain=0.05, time_ratio=0.5)
    (effect,) = list_effects(frame, [contrast()])
    assert effect.score_low > 4
    assert (effect.time_verdict, effect.score_verdict) == ("no verdict", "no verdict")
    assert math.isnan(effect.score_p_holm)


def test_one_process_shows_its_spread_and_how_to_get_an_interval():
    frame = noisy_pair(np.random.default_rng(2), processes=1, time_ratio=0.9)
    (effect,) = list_effects(frame, [contrast()])
    assert effect.time_verdict == "no verdict"
    assert math.isnan(effect.time_low_percent)
    assert effect.time_within_sd_percent == pytest.approx(0.035, abs=0.015)
    assert f"one process: its trials spread by {effect.time_within_sd_percent:.2f} % (sd)" in effect.note
    assert "run the study with --processes 5" in effect.note
    assert effect.score_verdict != "no verdict"


def test_the_same_accuracy_in_every_block_is_identical_and_has_no_interval():
    accuracies = {"with": [0.94, 0.941, 0.939, 0.94, 0.942], "without": [0.94, 0.941, 0.939, 0.94, 0.942]}
    rng = np.random.default_rng(3)
    times = {arm: rng.normal(2, 0.01, 5) for arm in accuracies}
    (effect,) = list_effects(frame_of(accuracies, times, [0, 0, 1, 1, 2]), [contrast()])
    assert effect.score_verdict == "identical"
    assert math.isnan(effect.score_low)
    assert "identical accuracy" in effect.headline
    assert "; TTA accuracy identical (" in effect.sentence
    assert effect.score_correlation == pytest.approx(1)


def test_a_constant_shift_of_accuracy_is_no_verdict():
    accuracies = {"with": [0.95, 0.951, 0.949, 0.95, 0.952], "without": [0.94, 0.941, 0.939, 0.94, 0.942]}
    (effect,) = list_effects(
        frame_of(accuracies, {arm: [2.0] * 5 for arm in accuracies}, [0, 0, 1, 1, 1]), [contrast()]
    )
    assert effect.score_verdict == "no verdict"
    assert math.isnan(effect.score_low)
    assert "every block gives the same difference of accuracy" in effect.note


def test_identical_times_are_said_to_be_so():
    frame = noisy_pair(np.random.default_rng(4))
    frame["time_seconds"] = 2.0
    (effect,) = list_effects(frame, [contrast()])
    assert effect.time_verdict == "identical"
    assert "takes as long" in effect.headline
    assert math.isnan(effect.time_low_percent)
    assert "exactly the same ratio of times" in effect.note


def test_a_block_torn_between_processes_counts_for_accuracy_only():
    trials = [one for block in range(6) for one in both(block, process=block // 3, score=0.94 + block / 1000)]
    trials += [trial("with", 6, process=1, time_seconds=9.0), trial("without", 6, process=2)]
    effect = only(trials)
    assert (effect.blocks, effect.time_blocks, effect.processes) == (7, 6, 2)
    assert effect.time_percent == pytest.approx(0)
    assert "1 block torn between processes, counted for accuracy only" in effect.note


def test_blocks_with_one_side_failed_are_left_out_and_counted():
    trials = [one for block in range(6) for one in both(block, process=block)]
    trials += [trial("with", 6), trial("without", 6, status="failed")]
    effect = only(trials)
    assert effect.blocks == 6
    assert "1 block left out: one of the two trials failed or is not there yet" in effect.note


def test_a_change_of_environment_between_blocks_is_named():
    trials = [one for block in range(6) for one in both(block, process=block, environment=f"{block // 3}" * 64)]
    effect = only(trials)
    assert "the pairs ran in 2 environments" in effect.note


def test_a_missing_plain_accuracy_leaves_the_rest_alone():
    trials = [one for block in range(6) for one in both(block, process=block, accuracy=None)]
    effect = only(trials)
    assert math.isnan(effect.accuracy_pp)
    assert effect.score_verdict == "identical"


@pytest.mark.parametrize("margins", [{"score": 0.0}, {"time_percent": -1}, {"score": float("nan")}])
def test_margins_must_be_positive(margins):
    (name,) = margins
    with pytest.raises(UsageError, match=f"margin {name} = .*: give a positive number"):
        Margins(**margins)


def test_a_margin_of_all_the_time_is_refused():
    with pytest.raises(UsageError, match="give a number below 100"):
        Margins(time_percent=100)
