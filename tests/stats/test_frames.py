import numpy as np
import pytest
from scipy import stats

from ablate.errors import UsageError
from ablate.stats import arm_summary, trials_frame
from ablate.stats.frames import COLUMNS
from tests.stats.build import frame_of, noisy_pair, trial


def test_one_row_an_arm_and_block_and_the_last_record_counts():
    frame = trials_frame(
        [
            trial("silu", 1, position=1, status="failed"),
            trial("baseline", 1, position=0),
            trial("baseline", 0, position=1),
            trial("silu", 1, position=1, score=0.91),
        ]
    )
    assert list(zip(frame["arm"], frame["block"], strict=True)) == [("baseline", 0), ("baseline", 1), ("silu", 1)]
    assert frame["status"].tolist() == ["ok", "ok", "ok"]
    assert frame["score"].tolist() == [0.94, 0.94, 0.91]


def test_what_was_not_measured_is_nan():
    frame = trials_frame([trial("a", 0, accuracy=None), trial("a", 1, status="timeout")])
    assert np.isnan(frame["accuracy"]).all()
    assert np.isnan(frame.loc[1, "time_seconds"])
    assert frame.loc[1, "error"] == "out of memory: lower the batch"


def test_the_accelerators_numbers_become_columns():
    frame = trials_frame(
        [
            trial(
                "a", 0, device_before={"sm_clock_mhz": 1410, "throttle": "none"}, device_after={"power_watts": 300.5}
            ),
            trial("a", 1),
        ]
    )
    assert frame["device_before_sm_clock_mhz"].tolist()[0] == 1410
    assert frame["device_after_power_watts"].isna().tolist() == [False, True]
    assert "device_before_throttle" not in frame.columns


def test_no_trials_give_an_empty_frame_with_every_column():
    frame = trials_frame([])
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 0
    assert len(arm_summary(frame)) == 0


def test_summary_counts_and_matches_scipy():
    accuracies = [0.9400, 0.9412, 0.9391, 0.9420]
    frame = trials_frame(
        [trial("a", block, score=value, process=block // 2) for block, value in enumerate(accuracies)]
        + [trial("a", 4, status="failed"), trial("a", 5, status="timeout"), trial("a", 6, time_seconds=float("nan"))]
    )
    row = arm_summary(frame).iloc[0]
    assert (row["trials"], row["failed"], row["timed_out"], row["unusable"], row["processes"]) == (4, 1, 1, 1, 2)
    assert (row["scored"], row["timed"]) == (4, 4)
    low, high = stats.t.interval(0.95, 3, np.mean(accuracies), stats.sem(accuracies))
    assert row["score_low"] == pytest.approx(low, rel=1e-12)
    assert row["score_high"] == pytest.approx(high, rel=1e-12)
    assert row["score_sd"] == pytest.approx(np.std(accuracies, ddof=1), rel=1e-12)


def test_the_interval_of_a_time_comes_from_process_means():
    frame = noisy_pair(np.random.default_rng(3), blocks=23, processes=4)
    row = arm_summary(frame).set_index("arm").loc["with"]
    means = frame[frame["arm"] == "with"].groupby("process")["time_seconds"].mean()
    low, high = stats.t.interval(0.95, 3, means.mean(), stats.sem(means))
    assert row["time_seconds_mean"] == pytest.approx(means.mean(), rel=1e-12)
    assert row["time_seconds_low"] == pytest.approx(low, rel=1e-12)
    assert row["time_seconds_high"] == pytest.approx(high, rel=1e-12)


def test_one_process_has_no_interval_of_time():
    row = arm_summary(frame_of({"a": [0.9, 0.91]}, {"a": [2.0, 2.1]})).iloc[0]
    assert row["time_seconds_mean"] == pytest.approx(2.05)
    assert np.isnan(row["time_seconds_low"])


def test_a_table_that_is_no_frame_of_trials_is_refused():
    frame = trials_frame([trial("a", 0)]).drop(columns=["process", "score"])
    with pytest.raises(UsageError, match=r"lacks process, score; make it with ablate\.stats\.trials_frame"):
        arm_summary(frame)
