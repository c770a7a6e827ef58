from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ablate.stats import list_effects, measured_spreads, trials_frame, visible
from ablate.stats.power import TELLS_TIME_TOO
from tests.stats.build import contrast, frame_of, noisy_pair, trial
from tests.stats.worlds import EFFECTS


def drawn(blocks, processes, seed=1):
    world = replace(EFFECTS, drift_per_hour=0.0)
    return world.studies(np.random.default_rng(seed), studies=1, blocks=blocks, processes=processes).frame(0)


def test_the_spreads_of_a_known_trainer_are_found():
    spreads = measured_spreads(drawn(2000, 200))
    assert spreads.score_sd == pytest.approx(0.13, rel=0.04)
    assert spreads.correlation == pytest.approx(0.3, abs=0.04)
    # 0.5 ms and 0.2 ms of times between 1.9 and 2 s
    assert spreads.time_within_percent == pytest.approx(0.0255, rel=0.04)
    assert spreads.time_arm_in_process_percent == pytest.approx(0.0102, rel=0.12)
    assert spreads.source == "this folder's own trials"


def test_one_block_a_process_counts_as_the_processs_so_that_nothing_too_small_is_promised():
    spreads = measured_spreads(drawn(1000, 1000))
    assert spreads.time_within_percent == 0
    assert spreads.time_arm_in_process_percent == pytest.approx(np.hypot(0.0255, 0.0102), rel=0.06)
    told_apart = measured_spreads(drawn(2000, 200))
    # The same for a study of one block a process, more for any other.
    promised, true = (visible(5, 5, spreads=each).time_percent for each in (spreads, told_apart))
    assert promised == pytest.approx(true, rel=0.06)
    assert visible(50, 5, spreads=spreads).time_percent > visible(50, 5, spreads=told_apart).time_percent


def test_of_one_process_only_accuracy_is_told():
    """Another machine's ratio of the two spreads of time is not this one's."""
    spreads = measured_spreads(drawn(400, 1))
    assert spreads.score_sd == pytest.approx(0.13, rel=0.1)
    assert spreads.time_within_percent is None
    assert spreads.time_arm_in_process_percent is None
    assert not spreads.knows_time


def test_the_smallest_study_that_the_advice_names_tells_all():
    assert measured_spreads(drawn(3, 1)) is not None
    advised = TELLS_TIME_TOO.split()
    assert measured_spreads(drawn(int(advised[1]), int(advised[3]))).knows_time


def test_they_foretell_the_width_of_the_interval():
    pair = noisy_pair(np.random.default_rng(3), blocks=600, processes=60)
    spreads = measured_spreads(pair)
    (effect,) = list_effects(pair, [contrast()])
    paired_sd = spreads.score_sd * np.sqrt(2 * (1 - spreads.correlation))
    assert effect.score_sd == pytest.approx(paired_sd, rel=1e-6)
    of_process = np.sqrt(2 * spreads.time_arm_in_process_percent**2 + 2 * spreads.time_within_percent**2 / 10)
    assert effect.time_sd_percent == pytest.approx(of_process, rel=1e-6)
    assert "with the spreads of this folder's own trials" in visible(20, 5, spreads=spreads).sentence


@pytest.mark.parametrize(
    "frame",
    [
        trials_frame([]),
        trials_frame([trial("only", block) for block in range(9)]),
        noisy_pair(np.random.default_rng(1), blocks=2, processes=1),
        trials_frame([trial("a", 0), trial("a", 1), trial("a", 2), trial("b", 0, status="failed")]),
        frame_of({"a": [0.9] * 5, "b": [0.9] * 5}, {"a": [2.0] * 5, "b": [2.0] * 5}, [0, 0, 0, 1, 1]),
    ],
    ids=["empty", "one arm", "two blocks", "failed", "no spread"],
)
def test_too_little_to_tell(frame):
    assert measured_spreads(frame) is None


def test_times_that_are_taken_apart_from_the_scores_spread_by_themselves():
    whole = drawn(6, 3)
    scores = whole.assign(time_seconds=np.nan, measures="score")
    times = whole.assign(score=np.nan, accuracy=np.nan, measures="time", block=whole["block"] + 6)
    apart = measured_spreads(pd.concat([scores, times], ignore_index=True))
    assert apart == measured_spreads(whole)
