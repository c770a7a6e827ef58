"""The parity table as text."""

import math
from collections.abc import Sequence

from parity_harness.plan import PAST
from parity_harness.verdict import (
    CLOCK_NOTE,
    IMPROVEMENT_MARGIN_PP,
    MINIMUM_LAUNCHES,
    MINIMUM_TRIALS,
    ParityVerdict,
    RecipeVerdict,
    SideSummary,
    ratio_range,
)

_ACCURACY_TARGETS = {PAST: "not below 0"}

SCRIPTS = {"baseline": "airbench94_muon.py", "hive": "cifar10_speedrun.py", PAST: "cifar10_speedrun.py"}


def table(verdict: ParityVerdict, machines: Sequence[str]) -> str:
    """Each recipe's two sides, ratio and difference, then the improvement, the targets and what to know beside them."""
    header = (
        f"{'recipe':<10}{'side':<9}{'trials':>7}{'launches':>10}{'accuracy (TTA)':>20}{'time (sd in a launch)':>25}"
    )
    lines = [header, "-" * len(header)]
    for recipe in verdict.recipes:
        lines += [_side(recipe.recipe, "ours", recipe.ours), _side("", "theirs", recipe.theirs)]
    lines.append("")
    for recipe in verdict.recipes:
        lines += _comparison(recipe)
    lines += [
        f"improvement of hive over baseline: ours {verdict.improvement_ours_percent:.2f} %, "
        f"theirs {verdict.improvement_theirs_percent:.2f} %, difference {verdict.improvement_difference_pp:+.2f} pp "
        f"(target: within {IMPROVEMENT_MARGIN_PP} pp): {_word(verdict.improvement_holds)}",
        "",
        *_notes(verdict),
        f"Machines: {'; '.join(machines) or 'not recorded'}.",
        CLOCK_NOTE,
    ]
    return "\n".join(lines)


def _side(recipe: str, side: str, summary: SideSummary) -> str:
    launches = f"{summary.launches}"
    if summary.processes > summary.launches:
        launches += f" ({summary.processes} processes)"
    accuracy = f"{100 * summary.accuracy:.2f} ± {_number(100 * summary.accuracy_sd, 2)} %"
    seconds = f"{summary.time_seconds:.4f} s (± {_number(1000 * summary.time_sd_within_seconds, 1)} ms)"
    return f"{recipe:<10}{side:<9}{summary.trials:>7}{launches:>10}{accuracy:>20}{seconds:>25}"


def _comparison(recipe: RecipeVerdict) -> list[str]:
    low, high = ratio_range(recipe.recipe)
    return [
        f"{recipe.recipe} against {SCRIPTS[recipe.recipe]}:",
        f"  time ours/theirs {recipe.ratio:.4f} ({_interval(recipe.ratio_low, recipe.ratio_high, 4)}; "
        f"target: {low} to {high}): {_word(recipe.ratio_holds)}",
        f"  accuracy ours − theirs {recipe.accuracy_difference_pp:+.3f} pp "
        f"({_interval(recipe.accuracy_low_pp, recipe.accuracy_high_pp, 3)}; target: {_ACCURACY_TARGETS.get(recipe.recipe, 'contains 0')}): "
        f"{_word(recipe.accuracy_holds)}",
    ]


def _notes(verdict: ParityVerdict) -> list[str]:
    launches = min(side.launches for recipe in verdict.recipes for side in (recipe.ours, recipe.theirs))
    notes = [
        "Ratios and their intervals come from launches, not trials: the log ratio of the two launches of each round."
    ]
    if launches < 2:
        notes.append("One launch a side gives no interval; `--launches 2` in the same folder adds to it.")
    elif launches < 5:
        notes.append(
            f"With {launches} launches a side the interval is wide: it says how little is known, while the target is about "
            "the ratio itself."
        )
    if not verdict.enough:
        notes.append(
            f"PROVISIONAL: a verdict needs at least {MINIMUM_LAUNCHES} launches of {MINIMUM_TRIALS} trials for each side."
        )
    return notes


def _interval(low: float, high: float, digits: int) -> str:
    if math.isnan(low):
        return "no interval"
    return f"95 % interval {low:.{digits}f} to {high:.{digits}f}"


def _number(value: float, digits: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _word(holds: bool) -> str:
    return "holds" if holds else "MISSED"
