import numpy as np
import pytest

from ablate import study as design
from ablate.errors import UsageError
from ablate.stats import shapley
from ablate.stats.shapley import shapley_weights
from ablate.study import Arm, ladder, leave_one_out
from tests.fakes import HIVE_SLUGS
from tests.stats.build import deal, frame_of
from tests.stats.worlds import FACTORIAL, FACTORIAL_ARMS, shapley_truth


def test_the_weights_are_the_mean_over_all_orders():
    weights = shapley_weights(3)
    truth_accuracy, truth_time = shapley_truth()
    accuracy = np.array([FACTORIAL.accuracy[arm.name] for arm in FACTORIAL_ARMS])
    seconds = np.array([FACTORIAL.seconds[arm.name] for arm in FACTORIAL_ARMS])
    np.testing.assert_allclose(weights @ accuracy, truth_accuracy, atol=1e-15)
    np.testing.assert_allclose(-weights @ seconds / seconds[0], truth_time, atol=1e-15)


def test_the_glove_game_of_the_textbooks():
    # players 1 and 2 hold a left glove each, player 3 a right one; a pair is worth 1: values 1/6, 1/6, 2/3
    worth = [1.0 if mask & 4 and mask & 3 else 0.0 for mask in range(8)]
    np.testing.assert_allclose(shapley_weights(3) @ worth, [1 / 6, 1 / 6, 2 / 3], atol=1e-15)


@pytest.mark.parametrize("players", [1, 2, 6])
def test_values_add_up_to_the_whole_whatever_the_game(players):
    worth = np.random.default_rng(players).normal(size=2**players)
    assert (shapley_weights(players) @ worth).sum() == pytest.approx(worth[-1] - worth[0])


def noiseless(blocks=6, processes=3):
    rng = np.random.default_rng(1)
    lift, shift = rng.normal(0, 0.001, blocks), rng.normal(1, 0.001, processes)[deal(blocks, processes)]
    return frame_of(
        {arm.name: FACTORIAL.accuracy[arm.name] + lift for arm in FACTORIAL_ARMS},
        {arm.name: FACTORIAL.seconds[arm.name] * shift for arm in FACTORIAL_ARMS},
        deal(blocks, processes),
    )


def test_what_all_arms_of_a_block_or_process_share_cancels():
    result = shapley(noiseless(), FACTORIAL_ARMS)
    accuracy, time = shapley_truth()
    table = result.table()
    assert table["subject"].tolist() == ["a", "b", "c"]
    np.testing.assert_allclose(table["score_change"], 100 * accuracy, atol=1e-9)
    np.testing.assert_allclose(table["time_saved_percent"], 100 * time, atol=1e-9)
    assert result.total.score_change == pytest.approx(table["score_change"].sum())
    assert result.total.time_saved_percent == pytest.approx(table["time_saved_percent"].sum())
    assert result.baseline_seconds == pytest.approx(2.0, abs=0.01)
    assert result.final_seconds == pytest.approx(FACTORIAL.seconds["a+b+c"], abs=0.01)


def test_twins_and_other_lengths_are_passed_over():
    others = [
        Arm(name="baseline (twin)", features=frozenset(), stream=1),
        Arm(name="a @ 0.85", features=frozenset("a"), length=0.85),
    ]
    frame = FACTORIAL.studies(np.random.default_rng(2), studies=1, blocks=10, processes=2).frame(0)
    assert shapley(frame, [*FACTORIAL_ARMS, *others]) == shapley(frame, FACTORIAL_ARMS)


def test_players_can_be_chosen_and_ordered():
    two = shapley(noiseless(), FACTORIAL_ARMS, players=("b", "a"))
    assert [share.subject for share in two.shares] == ["b", "a"]
    assert two.total.score_change == pytest.approx(-0.01)


def test_where_combinations_are_missing_it_is_said_what_runs_them():
    result = shapley(noiseless(), [arm for arm in FACTORIAL_ARMS if arm.features != {"a", "c"}])
    assert result.shares == ()
    assert result.total is None
    assert result.note == (
        "Shapley values need all 8 combinations; this study has 7: "
        'run a study file with `STUDY = Study.of(shapley(["a", "b", "c"]), ...)`'
    )


def test_of_the_packages_groups_the_packages_study_has_all_combinations():
    command = "ablate study run shapley --recipe other"
    note = shapley(noiseless(), ladder(HIVE_SLUGS).arms, command=command).note
    assert note == f"Shapley values need all 64 combinations; this study has 7: run `{command}`"


def test_for_more_names_than_can_share_the_advice_is_one_that_works():
    note = shapley(noiseless(), leave_one_out([f"f{number}" for number in range(10)]).arms).note
    assert note.startswith("Shapley values need all 1,024 combinations; this study has 11. At most 7 names can share:")
    assert "take groups, as `ablate study run shapley` does" in note
    with pytest.raises(UsageError, match="7 names at most"):
        design.shapley([f"f{number}" for number in range(10)])


@pytest.mark.parametrize(
    ("arms", "note"),
    [
        ([], "no arm has a feature"),
        ([Arm(name="baseline", features=frozenset())], "no arm has a feature"),
        (
            [Arm(name="all", features=frozenset(str(n) for n in range(13)))],
            "Shapley values need all 8,192 combinations; this study has 1",
        ),
    ],
)
def test_no_game_no_shares(arms, note):
    assert note in shapley(noiseless(), arms).note


def test_trials_that_cannot_carry_it_say_so():
    frame = noiseless()
    failed = frame.copy()
    failed.loc[failed["arm"] == "b", "status"] = "failed"
    assert shapley(failed, FACTORIAL_ARMS).note == "all 6 trials of arm 'b' failed or ran out of time"
    apart = frame[(frame["arm"] != "b") | (frame["block"] > 2)]
    apart = apart[(apart["arm"] != "c") | (apart["block"] <= 2)]
    assert shapley(apart, FACTORIAL_ARMS).note == "no block has a usable trial of all 8 arms"
    mixed = frame.copy()
    mixed.loc[mixed["block"] == 0, "data_digest"] = "other"
    assert "mix data sets" in shapley(mixed, FACTORIAL_ARMS).note


def test_few_blocks_or_one_process_are_noted():
    few = shapley(noiseless(blocks=3, processes=1), FACTORIAL_ARMS)
    assert "3 complete blocks: numbers and no verdict; run at least 5" in few.note
    assert "one process: no interval of time; run the study with --processes 5" in few.note
    assert np.isnan(few.shares[0].time_saved_low_percent)
