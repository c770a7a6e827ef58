"""Attribution that no order can change: exact Shapley values over all subsets of features or groups."""

from collections.abc import Iterable, Sequence
from math import factorial

import numpy as np
import pandas as pd

from ablate.stats.attribution import Attribution, attribute
from ablate.stats.blocks import Blocks
from ablate.stats.intervals import FloatArray
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.study import Arm
from ablate.study.designs import MAX_SHAPLEY_PLAYERS
from ablate.study.score import TTA_ACCURACY, Score

MOST_PLAYERS = 12
"""2¹² arms are more than any study trains; a set of arms with more players is no factorial."""


def shapley(
    frame: pd.DataFrame,
    arms: Iterable[Arm],
    *,
    players: Sequence[str] | None = None,
    command: str = "",
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> Attribution:
    """Divide the improvement from no player to all among the players, each given its mean gain over all orders of joining.

    `arms` are those of a study with every subset of `players` (default: every name that an arm of it has); arms of other lengths
    and of A/A twins are passed over. Shares are of the score and of the baseline's time, with intervals from per-block and
    per-process values, and add up to the whole. A missing subset gives no shares and a note that says what to run: `command`, if
    there is one that trains every subset of these players. Intervals are at 1 - `level`.

    Source: L. S. Shapley, "A value for n-person games", in Contributions to the Theory of Games II, Princeton (1953) 307-317.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    blocks = Blocks.of(frame)
    by_features = coalitions(arms)
    names = tuple(players) if players is not None else all_players(by_features)
    if not names:
        return Attribution(note="no arm has a feature, so there is nothing to divide the improvement among")
    if len(names) > MOST_PLAYERS:
        return Attribution(note=_what_it_takes(names, by_features, command))
    subsets = [frozenset(name for bit, name in enumerate(names) if mask >> bit & 1) for mask in range(2 ** len(names))]
    if any(subset not in by_features for subset in subsets):
        return Attribution(note=_what_it_takes(names, by_features, command))
    ordered = [by_features[subset] for subset in subsets]
    weights = shapley_weights(len(names))
    last = len(subsets) - 1
    return attribute(blocks, ordered, subjects=names, weights=weights, first=0, last=last, score=score, level=level)


def _what_it_takes(names: Sequence[str], trained: Iterable[frozenset[str]], command: str) -> str:
    """How many combinations a study has of those that Shapley values need, and what runs the rest."""
    has = sum(features <= frozenset(names) for features in trained)
    needed = f"Shapley values need all {2 ** len(names):,} combinations; this study has {has:,}"
    if command:
        return f"{needed}: run `{command}`"
    if len(names) > MAX_SHAPLEY_PLAYERS:
        return (
            f"{needed}. At most {MAX_SHAPLEY_PLAYERS} names can share: take groups, as `ablate study run shapley` does, "
            "or fewer names in a study file with `STUDY = Study.of(shapley([...]), ...)`"
        )
    listed = ", ".join(f'"{name}"' for name in names)
    return f"{needed}: run a study file with `STUDY = Study.of(shapley([{listed}]), ...)`"


def shapley_weights(players: int) -> FloatArray:
    """The matrix `(players, 2^players)` that turns the values of all subsets into Shapley values.

    Subsets are in binary order: bit i of a column's number says whether player i is in it. Source: as `shapley`.
    """
    weights = np.zeros((players, 2**players))
    for mask in range(2**players):
        size = mask.bit_count()
        for player in range(players):
            others = size - (mask >> player & 1)
            share = factorial(others) * factorial(players - others - 1) / factorial(players)
            weights[player, mask] = share if mask >> player & 1 else -share
    return weights


def coalitions(arms: Iterable[Arm]) -> dict[frozenset[str], str]:
    """The arm of each set of features, among those at their own length and of the main seed stream; see `varied`."""
    listed = tuple(arms)
    players = varied(listed)
    return {arm.features & players: arm.name for arm in listed if arm.length == 1.0 and arm.stream == 0}


def varied(arms: Iterable[Arm]) -> frozenset[str]:
    """The names that some of the arms have on and others not; what all have in common tells none apart.

    Of a single arm they are all that it has on.
    """
    sets = [arm.features for arm in arms]
    common = frozenset.intersection(*sets) if len(sets) > 1 else frozenset[str]()
    return frozenset[str]().union(*sets) - common


def all_players(by_features: Iterable[frozenset[str]]) -> tuple[str, ...]:
    """Every name that occurs, in alphabetical order."""
    return tuple(sorted(frozenset().union(*by_features)))
