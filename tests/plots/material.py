"""Trials with effects that are known, and what the statistics make of them, for every kind of figure."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from ablate.lineages.airbench94_muon.lineage import GROUPS
from ablate.stats import Attribution, average_shares, equal_accuracy, ladder, shapley
from ablate.study import Arm, Contrast, Design, add_one_in, combine, leave_one_out, lengths, screening, total, with_twin
from ablate.study import ladder as ladder_design
from ablate.study import shapley as shapley_design
from tests.fakes import FakeCatalogue
from tests.stats.build import deal, frame_of

SLUGS = tuple(group.slug for group in GROUPS)
TITLES = {group.slug: group.title for group in GROUPS}


def names_of(count: int, *, long: bool = False) -> tuple[str, ...]:
    """Names of features: short ones of different lengths, or every second one long."""
    if long:
        return tuple(f"a_rather_long_feature_name_number_{i}_of_many" if i % 2 else f"silu{i}" for i in range(count))
    return tuple(f"feature_{i}" for i in range(count))


def trials_of(
    design: Design, *, blocks: int = 8, processes: int = 4, seed: int = 0, epochs: int = 0, slower: Sequence[str] = ()
) -> pd.DataFrame:
    """Trials of every arm under additive effects on log time and accuracy; names in `slower` cost 2 % of time each."""
    rng = np.random.default_rng(seed)
    owners = deal(blocks, processes)
    shift = rng.normal(0, 0.001, processes)[owners]
    accuracies, times = {}, {}
    for arm in design.arms:
        features = sorted(arm.features)
        gain = sum(0.0004 * (-1) ** index for index, _ in enumerate(features))
        log_time = sum(0.02 if name in slower else -0.015 - 0.002 * index for index, name in enumerate(features))
        error = (0.06 - gain) * arm.length**-0.55
        accuracies[arm.name] = 1 - error + rng.normal(0, 0.0013, blocks)
        own = rng.normal(0, 0.0003, processes)[owners]
        times[arm.name] = 2.59 * arm.length * np.exp(log_time) + shift + own + rng.normal(0, 0.0005, blocks)
    frame = frame_of(accuracies, times, owners)
    if epochs:
        progress = 1 - np.exp(-0.6 * np.arange(1, epochs + 1))
        frame["curve"] = [tuple(float(v) for v in (accuracy - 0.01) * progress) for accuracy in frame["score"]]
    return frame


@cache
def ladder_of(names: tuple[str, ...], slower: tuple[str, ...] = (), processes: int = 4) -> Attribution:
    design = ladder_design(names)
    return ladder(trials_of(design, slower=slower, processes=processes), design.contrasts)


@cache
def features_study(names: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[Contrast, ...]]:
    """Leave-one-out, add-one-in and the total."""
    design = combine(leave_one_out(names), add_one_in(names), total(names))
    return trials_of(design), design.contrasts


@cache
def screening_study(names: tuple[str, ...]) -> tuple[pd.DataFrame, Design, Attribution]:
    """Trials of a screening with an A/A twin, its design, and its average effects as shares."""
    design = with_twin(screening(names, FakeCatalogue({name: name for name in names})))
    frame = trials_of(design, slower=names[1:2])
    return frame, design, average_shares(frame, design.arms, design.contrasts)


@cache
def factorial_study(names: tuple[str, ...] = SLUGS) -> tuple[pd.DataFrame, tuple[Arm, ...], Attribution, Attribution]:
    """Trials and arms of every subset, with its Shapley values and its ladder."""
    design = shapley_design(names)
    frame = trials_of(design, blocks=6, processes=3)
    return frame, design.arms, shapley(frame, design.arms), ladder(frame, design.contrasts)


@cache
def equal_accuracy_of(names: tuple[str, ...]) -> pd.DataFrame:
    """Equal-accuracy times of a ladder's arms, with the subject of each."""
    design = lengths(ladder_design(names), (0.7, 0.85, 1.0, 1.15, 1.3))
    table = equal_accuracy(trials_of(design, blocks=20, processes=5), design.arms)
    subjects = {contrast.with_arm: contrast.subject for contrast in design.contrasts if contrast.kind == "ladder"}
    return table[table["arm"].isin(list(subjects))].assign(subject=lambda rows: rows["arm"].map(subjects))


def pairs_of(names: Sequence[str]) -> pd.DataFrame:
    """A table of interactions for any number of names: those of two measured groups, under other names and values."""
    rng = np.random.default_rng(1)
    rows = []
    for index, first in enumerate(names):
        for second in names[index + 1 :]:
            accuracy, time = rng.normal(0, 0.1), rng.normal(0, 0.6)
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "blocks": 12,
                    "time_blocks": 12,
                    "processes": 4,
                    "score_change": accuracy,
                    "score_low": accuracy - 0.1,
                    "score_high": accuracy + 0.1,
                    "score_stands_out": abs(accuracy) > 0.2,
                    "time_saved_percent": time,
                    "time_saved_low_percent": time - 0.5,
                    "time_saved_high_percent": time + 0.5,
                    "time_stands_out": abs(time) > 1.0,
                    "note": "",
                }
            )
    return pd.DataFrame(rows)
