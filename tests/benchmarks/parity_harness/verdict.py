"""The parity table: both sides' means and spreads, their ratios and differences with intervals, and the targets."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean, stdev
from typing import Any

import numpy as np
from scipy import stats

from parity_harness.plan import PAST, RECIPES, SIDES, Recipe, Side
from parity_harness.results import ParityTrial

RATIO_RANGE = (0.97, 1.03)
PAST_RATIO_RANGE = (0.0, 1.0)
"""What is past the record is to be faster, and not less accurate."""

IMPROVEMENT_MARGIN_PP = 1.5
MINIMUM_LAUNCHES = 2
MINIMUM_TRIALS = 25

CLOCK_NOTE = (
    "The newer script (hive) times one uninterrupted window, as ours does. The baseline's script pauses its clock for a\n"
    "validation pass after each epoch; ours runs through without one."
)


@dataclass(frozen=True, slots=True)
class SideSummary:
    """One side of one recipe: accuracies with TTA as fractions; the time is the geometric mean of its launches' means."""

    trials: int
    launches: int
    processes: int
    accuracy: float
    accuracy_sd: float
    time_seconds: float
    time_sd_within_seconds: float


@dataclass(frozen=True, slots=True)
class RecipeVerdict:
    """Ours against theirs for one recipe; intervals are 95 %, NaN where there is too little to compute one from."""

    recipe: Recipe
    ours: SideSummary
    theirs: SideSummary
    ratio: float
    ratio_low: float
    ratio_high: float
    accuracy_difference_pp: float
    accuracy_low_pp: float
    accuracy_high_pp: float
    ratio_holds: bool
    accuracy_holds: bool


@dataclass(frozen=True, slots=True)
class ParityVerdict:
    """All recipes, and the improvement of the one over the other as each side measured it."""

    recipes: tuple[RecipeVerdict, ...]
    improvement_ours_percent: float
    improvement_theirs_percent: float
    improvement_difference_pp: float
    improvement_holds: bool
    enough: bool

    @property
    def holds(self) -> bool:
        """Whether every target is met, on enough trials."""
        recipes_hold = all(recipe.ratio_holds and recipe.accuracy_holds for recipe in self.recipes)
        return self.enough and self.improvement_holds and recipes_hold

    def to_json(self) -> dict[str, Any]:
        """A JSON object; what could not be computed is null."""
        return _without_nan({**asdict(self), "holds": self.holds})


def judge(trials: Sequence[ParityTrial]) -> ParityVerdict | None:
    """The verdict on all trials; None while a recipe or side has none, or no round has both sides of a recipe."""
    recipes = []
    for recipe in (*RECIPES, PAST):
        sides = {side: _of(trials, recipe, side) for side in SIDES}
        if not set(_launch_means(sides["ours"])) & set(_launch_means(sides["theirs"])):
            if recipe == PAST:
                break
            return None
        recipes.append(_judge_recipe(recipe, sides["ours"], sides["theirs"]))
    baseline, hive = recipes[:2]
    ours = 100 * (1 - hive.ours.time_seconds / baseline.ours.time_seconds)
    theirs = 100 * (1 - hive.theirs.time_seconds / baseline.theirs.time_seconds)
    summaries = [side for recipe in recipes for side in (recipe.ours, recipe.theirs)]
    return ParityVerdict(
        recipes=tuple(recipes),
        improvement_ours_percent=ours,
        improvement_theirs_percent=theirs,
        improvement_difference_pp=ours - theirs,
        improvement_holds=abs(ours - theirs) <= IMPROVEMENT_MARGIN_PP,
        enough=all(
            side.launches >= MINIMUM_LAUNCHES and side.trials >= MINIMUM_TRIALS * side.launches for side in summaries
        ),
    )


def ratio_range(recipe: Recipe) -> tuple[float, float]:
    """Where the ratio of times is to lie."""
    return PAST_RATIO_RANGE if recipe == PAST else RATIO_RANGE


def _judge_recipe(recipe: Recipe, ours: list[ParityTrial], theirs: list[ParityTrial]) -> RecipeVerdict:
    my_means, their_means = _launch_means(ours), _launch_means(theirs)
    rounds = sorted(set(my_means) & set(their_means))
    # Launches of one round stand side by side, so what drifts from round to round cancels in their ratio.
    logs = [math.log(my_means[number] / their_means[number]) for number in rounds]
    ratio_low, ratio_high = _t_limits(logs)
    difference, low, high = _welch([t.score for t in ours], [t.score for t in theirs])
    ratio = math.exp(fmean(logs))
    least, most = ratio_range(recipe)
    return RecipeVerdict(
        recipe=recipe,
        ours=_summary(ours),
        theirs=_summary(theirs),
        ratio=ratio,
        ratio_low=math.exp(ratio_low),
        ratio_high=math.exp(ratio_high),
        accuracy_difference_pp=100 * difference,
        accuracy_low_pp=100 * low,
        accuracy_high_pp=100 * high,
        ratio_holds=least <= ratio <= most,
        accuracy_holds=(recipe == PAST or low <= 0) and high >= 0,
    )


def _of(trials: Sequence[ParityTrial], recipe: Recipe, side: Side) -> list[ParityTrial]:
    return [trial for trial in trials if (trial.launch.recipe, trial.launch.side) == (recipe, side)]


def _launch_means(trials: Sequence[ParityTrial]) -> dict[int, float]:
    rounds = sorted({trial.launch.round for trial in trials})
    return {number: fmean(t.time_seconds for t in trials if t.launch.round == number) for number in rounds}


def _summary(trials: list[ParityTrial]) -> SideSummary:
    means = _launch_means(trials)
    squares = sum((trial.time_seconds - means[trial.launch.round]) ** 2 for trial in trials)
    freedom = len(trials) - len(means)
    accuracies = [trial.score for trial in trials]
    return SideSummary(
        trials=len(trials),
        launches=len(means),
        processes=len({(trial.launch, trial.attempt) for trial in trials}),
        accuracy=fmean(accuracies),
        accuracy_sd=stdev(accuracies) if len(accuracies) > 1 else math.nan,
        time_seconds=math.exp(fmean(math.log(mean) for mean in means.values())),
        time_sd_within_seconds=math.sqrt(squares / freedom) if freedom else math.nan,
    )


def _t_limits(values: list[float]) -> tuple[float, float]:
    """The ends of Student's 95 % interval for the mean."""
    if len(values) < 2:
        return math.nan, math.nan
    half = stats.t.ppf(0.975, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def _welch(one: list[float], other: list[float]) -> tuple[float, float, float]:
    """The difference of two means with Welch's 95 % interval; no interval with fewer than two values on a side."""
    difference = fmean(one) - fmean(other)
    if min(len(one), len(other)) < 2:
        return difference, math.nan, math.nan
    if not np.ptp(one) and not np.ptp(other):
        return difference, difference, difference
    interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    return difference, float(interval.low), float(interval.high)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
