"""The parity verdict's arithmetic, against values computed another way, and its wording."""

import json
import math

import numpy as np
import pytest
from parity_harness.plan import PAST, RECIPES, SIDES, Launch, schedule
from parity_harness.results import ParityTrial
from parity_harness.verdict import judge
from parity_harness.wording import table
from scipy import stats

SECONDS = {("baseline", "theirs"): 2.59, ("baseline", "ours"): 2.60, ("hive", "theirs"): 2.015, ("hive", "ours"): 2.01}
PAST_SECONDS = {"ours": 1.8, "theirs": 2.015}


def trials(launches: int = 2, per_launch: int = 25, slow: float = 1.0, bias: float = 0.0) -> list[ParityTrial]:
    """Trials with process effects; `slow` multiplies our hive's time, `bias` is added to our baseline's accuracy."""
    rng = np.random.default_rng(7)
    made = []
    for launch in schedule(launches):
        ours_hive, ours_baseline = (
            launch.side == "ours" and launch.recipe == recipe for recipe in ("hive", "baseline")
        )
        mean = SECONDS[launch.recipe, launch.side] * (slow if ours_hive else 1) + rng.normal(0, 0.001)
        accuracies = 0.94 + rng.normal(0, 0.0013, per_launch) + (bias if ours_baseline else 0)
        times = mean + rng.normal(0, 0.0005, per_launch)
        made += [ParityTrial(launch, 0, a, t) for a, t in zip(accuracies, times, strict=True)]
    return made


def test_each_round_runs_backwards_to_the_last_and_sides_take_turns() -> None:
    names = [launch.name for launch in schedule(3)]
    first = ["baseline-ours", "baseline-theirs", "hive-ours", "hive-theirs"]
    expected = [f"{name}-0" for name in first] + [f"{name}-1" for name in first[::-1]] + [f"{name}-2" for name in first]
    assert names == expected


def test_the_numbers_are_those_of_scipy() -> None:
    made = trials(launches=3)
    verdict = judge(made)
    assert verdict is not None
    for recipe in verdict.recipes:
        of = {side: [t for t in made if t.launch.recipe == recipe.recipe and t.launch.side == side] for side in SIDES}
        means = {
            side: np.array([np.mean([t.time_seconds for t in of[side] if t.launch.round == r]) for r in range(3)])
            for side in SIDES
        }
        logs = np.log(means["ours"]) - np.log(means["theirs"])
        low, high = stats.t.interval(0.95, 2, loc=logs.mean(), scale=stats.sem(logs))
        assert recipe.ratio == pytest.approx(math.exp(logs.mean()))
        assert (recipe.ratio_low, recipe.ratio_high) == pytest.approx((math.exp(low), math.exp(high)))
        one, other = ([t.score for t in of[side]] for side in SIDES)
        half = _welch_half_width(one, other)
        difference = np.mean(one) - np.mean(other)
        assert recipe.accuracy_difference_pp == pytest.approx(100 * difference)
        assert recipe.accuracy_low_pp == pytest.approx(100 * (difference - half))
        assert recipe.accuracy_high_pp == pytest.approx(100 * (difference + half))
        assert (recipe.ours.trials, recipe.ours.launches, recipe.ours.processes) == (75, 3, 3)
    assert verdict.improvement_theirs_percent == pytest.approx(100 * (1 - 2.015 / 2.59), abs=0.2)


def _welch_half_width(one: list[float], other: list[float]) -> float:
    a, b = np.var(one, ddof=1) / len(one), np.var(other, ddof=1) / len(other)
    freedom = (a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(other) - 1))
    return float(stats.t.ppf(0.975, freedom) * np.sqrt(a + b))


def test_parity_holds() -> None:
    verdict = judge(trials())
    assert verdict is not None
    assert verdict.holds
    text = table(verdict, ["a GPU"])
    assert "MISSED" not in text
    assert "PROVISIONAL" not in text
    assert "With 2 launches a side the interval is wide" in text
    assert "pauses its clock" in text


def test_a_slow_recipe_misses_ratio_and_improvement() -> None:
    verdict = judge(trials(slow=1.05))
    assert verdict is not None
    assert [recipe.ratio_holds for recipe in verdict.recipes] == [True, False]
    assert not verdict.improvement_holds
    assert not verdict.holds


def test_a_biased_accuracy_misses_its_target() -> None:
    verdict = judge(trials(bias=0.002))
    assert verdict is not None
    assert [recipe.accuracy_holds for recipe in verdict.recipes] == [False, True]
    assert not verdict.holds


@pytest.mark.parametrize(("launches", "per_launch"), [(1, 50), (2, 24)])
def test_too_few_launches_or_trials_never_hold(launches: int, per_launch: int) -> None:
    verdict = judge(trials(launches, per_launch))
    assert verdict is not None
    assert not verdict.enough
    assert not verdict.holds
    assert "PROVISIONAL" in table(verdict, [])


def test_one_launch_has_no_interval_and_its_json_says_null() -> None:
    verdict = judge(trials(launches=1))
    assert verdict is not None
    line = json.loads(json.dumps(verdict.to_json(), allow_nan=False))
    assert line["recipes"][0]["ratio_low"] is None
    assert "no interval" in table(verdict, [])


def test_there_is_no_verdict_before_every_side_has_trials() -> None:
    made = trials()
    assert judge([]) is None
    for recipe in RECIPES:
        for side in SIDES:
            assert judge([t for t in made if t.launch != Launch(recipe, side, 0) and t.launch.round == 0]) is None


def past(launches: int = 2, faster: float = 1.0, bias: float = 0.0) -> list[ParityTrial]:
    """What goes past the record beside `trials`; `faster` divides our time, `bias` is added to our accuracy."""
    rng = np.random.default_rng(8)
    made = []
    for launch in schedule(launches, (PAST,)):
        ours = launch.side == "ours"
        accuracies = 0.94 + (bias if ours else 0) + rng.normal(0, 0.0013, 25)
        times = PAST_SECONDS[launch.side] / (faster if ours else 1) + rng.normal(0, 0.0005, 25)
        made += [ParityTrial(launch, 0, a, t) for a, t in zip(accuracies, times, strict=True)]
    return made


def test_what_is_past_the_record_is_to_be_faster_and_as_accurate() -> None:
    names = [launch.name for launch in schedule(1, (*RECIPES, PAST))]
    assert names[-2:] == ["past-ours-0", "past-theirs-0"]
    verdict = judge([*trials(), *past(bias=0.004)])
    assert verdict is not None
    assert verdict.holds, "more accurate is no fault"
    assert verdict.recipes[2].ratio == pytest.approx(1.8 / 2.015, abs=0.001)
    text = table(verdict, ["a GPU"])
    assert "past against cifar10_speedrun.py:" in text
    assert "target: 0.0 to 1.0): holds" in text
    assert "target: not below 0): holds" in text
    slower, worse = judge([*trials(), *past(faster=0.8)]), judge([*trials(), *past(bias=-0.004)])
    assert slower is not None
    assert worse is not None
    assert not slower.recipes[2].ratio_holds
    assert not worse.recipes[2].accuracy_holds
    one_side = [trial for trial in past() if trial.launch.side == "ours"]
    unfinished = judge([*trials(), *one_side])
    assert unfinished is not None
    assert len(unfinished.recipes) == 2
