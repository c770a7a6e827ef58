import numpy as np
import pytest

from ablate.errors import UsageError
from ablate.stats import equal_accuracy
from ablate.stats.readout import combine, jackknife_variance, leave_one_out_means, local_lengths, read_out
from ablate.study import Arm
from tests.stats.build import deal, frame_of
from tests.stats.worlds import EQUAL_LOG_RATIO, LENGTH_ARMS, STEADY_LENGTHS


def drawn(blocks=100, processes=5, world=STEADY_LENGTHS, seed=1):
    return world.studies(np.random.default_rng(seed), studies=1, blocks=blocks, processes=processes).frame(0)


def row_of(frame, arm="silu", **options):
    return equal_accuracy(frame, LENGTH_ARMS, **options).set_index("arm").loc[arm]


def test_the_line_is_that_of_polyfit():
    rng = np.random.default_rng(1)
    log_time, log_error = np.log(np.array([1.7, 2.0, 2.3, 2.6])), rng.normal(-2.8, 0.1, 4)
    slope, intercept = np.polyfit(log_time, log_error, 1)
    time, ours = read_out(log_time, log_error, np.asarray(-2.8))
    assert float(ours) == pytest.approx(slope)
    assert float(time) == pytest.approx((-2.8 - intercept) / slope)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(2).normal(size=17)
    assert jackknife_variance(leave_one_out_means(values)) == pytest.approx(values.var(ddof=1) / 17)


def test_variances_join_with_the_degrees_of_freedom_of_welch_and_satterthwaite():
    joined = combine(1.0, 4.0, 11, 1.0, 3)
    assert joined.variance == 5.0
    assert joined.degrees_of_freedom == pytest.approx(25 / (16 / 10 + 1 / 2))
    alone = combine(1.0, 4.0, 11, 0.0, 1)
    assert (alone.variance, alone.degrees_of_freedom) == (4.0, 10.0)
    assert np.isnan(combine(1.0, 0.0, 1, 0.0, 1).interval()).all()


def test_far_lengths_do_not_bend_the_local_line():
    log_error = np.log([0.20, 0.08, 0.07, 0.06, 0.05, 0.01])
    assert local_lengths(log_error, np.log(0.062)).tolist() == [1, 2, 3, 4]
    assert local_lengths(log_error[:3], np.log(0.07)).tolist() == [0, 1, 2]


def test_a_known_time_is_read_off_and_lies_in_its_interval():
    row = row_of(drawn(blocks=400))
    truth = 2.0 * np.exp(EQUAL_LOG_RATIO)
    assert row["low_seconds"] < truth < row["high_seconds"]
    assert row["seconds"] == pytest.approx(truth, rel=0.02)
    assert row["time_percent"] == pytest.approx(100 * np.expm1(EQUAL_LOG_RATIO), abs=1.5)
    assert row["own_seconds"] == pytest.approx(1.94, abs=0.002)
    assert row["log_slope"] == pytest.approx(-0.28, abs=0.03)
    assert (row["lengths"], row["blocks"], row["processes"], row["note"]) == (3, 400, 5, "")


def test_blocks_for_one_percent_bring_the_interval_there():
    needed = row_of(drawn(blocks=100))["blocks_for_one_percent"]
    row = row_of(drawn(blocks=int(needed), seed=2))
    assert np.log(row["high_seconds"] / row["seconds"]) == pytest.approx(np.log(1.01), rel=0.15)


def test_the_reference_sets_the_target_with_its_own_time():
    row = row_of(drawn(), "baseline")
    assert row["seconds"] == row["own_seconds"] == row["low_seconds"]
    assert row["time_percent"] == 0
    assert "the reference sets the target" in row["note"]


def test_the_reference_needs_no_length_but_its_own():
    frame = drawn(blocks=400)
    at_one_length = frame[~frame["arm"].str.startswith("baseline @")]
    arms = [arm for arm in LENGTH_ARMS if not arm.name.startswith("baseline @")]
    table = equal_accuracy(at_one_length, arms).set_index("arm")
    assert table.loc["baseline", "seconds"] == table.loc["baseline", "own_seconds"]
    assert "the reference sets the target" in table.loc["baseline", "note"]
    compared = ["seconds", "low_seconds", "high_seconds", "time_percent", "time_low_percent", "time_high_percent"]
    assert table.loc["silu", compared].tolist() == row_of(frame)[compared].tolist()


def test_a_given_target_is_read_off_every_arm():
    frame = drawn(blocks=400)
    baseline, silu = (row_of(frame, arm, target_score=0.9395) for arm in ("baseline", "silu"))
    assert baseline["seconds"] == pytest.approx(2.0 * (0.0605 / 0.06) ** (1 / -0.28), rel=0.02)
    assert (baseline["time_percent"], baseline["time_low_percent"]) == (0.0, 0.0)
    assert silu["time_percent"] == pytest.approx(100 * (silu["seconds"] / baseline["seconds"] - 1))
    assert silu["time_low_percent"] < 100 * np.expm1(EQUAL_LOG_RATIO) < silu["time_high_percent"]


def test_nothing_is_read_off_beyond_the_measured_lengths():
    frame = drawn(blocks=200)
    too_good, too_poor = (row_of(frame, target_score=target) for target in (0.95, 0.93))
    assert too_good["note"] == "the target lies beyond the measured lengths: add a longer one"
    assert too_poor["note"] == "the target lies beyond the measured lengths: add a shorter one"
    assert np.isnan([too_good["seconds"], too_poor["seconds"]]).all()
    near_the_end = row_of(drawn(blocks=20), target_score=1 - 0.0597 * 1.12**-0.28)
    assert np.isnan(near_the_end["high_seconds"])
    assert np.isfinite(near_the_end["low_seconds"])
    assert "the interval reaches beyond the measured lengths" in near_the_end["note"]


def test_without_a_reference_at_three_lengths_there_is_no_comparison():
    arms = [arm for arm in LENGTH_ARMS if arm.features or arm.length == 1.0]
    frame = drawn(blocks=200)
    for given in (arms, [arm for arm in arms if arm.features]):
        row = equal_accuracy(frame, given, target_score=0.94).set_index("arm").loc["silu"]
        assert np.isfinite(row["high_seconds"])
        assert np.isnan(row["time_percent"])
        assert "so there is no comparison" in row["note"]


def test_one_process_is_said_to_hold_only_half_of_the_spread():
    row = row_of(drawn(processes=1))
    assert np.isfinite(row["high_seconds"])
    assert "one process: the interval holds the spread of accuracy only" in row["note"]


@pytest.mark.parametrize(
    ("spoil", "note"),
    [
        (lambda frame: frame[frame["arm"] != "baseline"], "arm 'baseline' has no trial in this run folder"),
        (lambda frame: frame[frame["block"] == 0], "fewer than two blocks have a usable trial of all 4 arms"),
        (lambda frame: frame.assign(score=1.0), "a mean accuracy of 100 % leaves no error"),
        (lambda frame: frame.assign(score=0.94), "error does not fall measurably with time"),
        (lambda frame: frame.assign(time_seconds=2.0), "error does not fall measurably with time"),
        (lambda frame: frame.assign(status="failed"), "all 20 trials of arm 'silu @ 0.85' failed"),
        (lambda frame: frame.assign(data_digest=frame["block"].astype(str)), "mix data sets"),
        (lambda frame: frame.assign(process=np.arange(len(frame))), "fewer than two blocks have a usable trial"),
    ],
)
def test_trials_that_cannot_be_read_say_why(spoil, note):
    row = row_of(spoil(drawn(blocks=20)))
    assert note in row["note"]
    assert np.isnan(row["seconds"])


def test_lengths_are_asked_for_where_there_are_none():
    arms = [arm for arm in LENGTH_ARMS if arm.length >= 1]
    table = equal_accuracy(drawn(blocks=20), [*arms, Arm(name="gelu", features=frozenset({"gelu"}))]).set_index("arm")
    assert table.loc["silu", "note"] == "arm 'silu' ran at 2 lengths; equal accuracy needs 3: a 'lengths' design"
    assert "arm 'gelu' ran at one length" in table.loc["gelu", "note"]


def test_a_target_that_is_no_fraction_is_refused():
    with pytest.raises(UsageError, match=r"target accuracy 94: give a fraction between 0 and 1, such as 0\.94"):
        equal_accuracy(drawn(blocks=5), LENGTH_ARMS, target_score=94)


def test_the_baselines_spread_is_part_of_the_interval():
    """With the target known, the interval is narrower than with a target that was measured."""
    frame = drawn(blocks=200)
    measured = row_of(frame)
    known = row_of(frame, target_score=float(measured["target_score"]))
    assert known["high_seconds"] - known["low_seconds"] < 0.9 * (measured["high_seconds"] - measured["low_seconds"])


def test_what_a_process_does_to_its_times_widens_the_interval():
    rng = np.random.default_rng(3)
    owners = deal(60, 5)
    shift = rng.normal(1, 0.05, (5, len(LENGTH_ARMS)))[owners]
    accuracies = {arm.name: rng.normal(STEADY_LENGTHS.accuracy[arm.name], 1e-5, 60) for arm in LENGTH_ARMS}
    seconds = {arm.name: STEADY_LENGTHS.seconds[arm.name] * shift[:, column] for column, arm in enumerate(LENGTH_ARMS)}
    row = row_of(frame_of(accuracies, seconds, owners))
    assert row["time_high_percent"] - row["time_low_percent"] > 5
