"""A screening's improvement divided among its features: average effects, and what is left for features that work together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ablate.stats.attribution import Attribution, attribute
from ablate.stats.blocks import Blocks
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.study import ALL, Arm, Contrast, aliases, resolution_of, screened
from ablate.study.levels import inseparable, levels_of
from ablate.study.score import TTA_ACCURACY, Score

INTERACTIONS = "interactions"
"""The share that no feature has on average, but some have together."""

_NOTHING = 1e-9
"""What is rounding in a weight."""

_SATURATED = "the averages of so many names in so few arms take up all of it: what three do together is in them, and none is left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """How many arms a screening's averages are over, their resolution, and what each subject is aliased with (see `study.aliases`)."""

    arms: int
    resolution: int
    aliases: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, arms: Iterable[Arm], contrasts: Sequence[Contrast], measured: Iterable[str]) -> "Screened":
        """Of a study's screening, as far as its arms are among the `measured`."""
        known = set(measured)
        listed = tuple(arm for arm in screened(arms, contrasts) if arm.name in known)
        subjects = [contrast.subject for contrast in contrasts if contrast.is_averaged]
        return cls(
            arms=len(listed), resolution=resolution_of(listed, subjects), aliases=dict(aliases(listed, subjects))
        )


def average_shares(
    frame: pd.DataFrame,
    arms: Sequence[Arm],
    contrasts: Sequence[Contrast],
    *,
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> Attribution:
    """Divide the improvement from the arm without any subject to the one with all among the screening's subjects.

    Each share is what the subject does on average over the others being on or off, in percent of the time of the arm without
    any; the last, "interactions", is what they leave of the measured whole. Where no three features work together it is nothing,
    and the others are their Shapley values. Of a design whose averages add up whatever the trials (4, 8, 12, … names at
    resolution 4) it is left out, and `note` says so. Only blocks with a usable trial of every arm count. Without the arms at both ends, or
    with averages that these arms cannot tell apart, there are no shares and `note` says why.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    subjects = [contrast.subject for contrast in contrasts if contrast.is_averaged]
    if not subjects:
        return Attribution(note="this study is no screening: none of its contrasts is of kind 'screening'")
    whole = next((contrast for contrast in contrasts if contrast.kind == "total" and contrast.with_arm == ALL), None)
    if whole is None:
        return Attribution(note="there is no arm with everything on to divide the improvement of")
    listed = screened(arms, contrasts)
    names = [arm.name for arm in listed]
    order = [*names, *(name for name in (whole.without_arm, whole.with_arm) if name not in names)]
    levels = levels_of([arm.features for arm in listed], subjects) / 2
    centred = levels - levels.mean(axis=0)
    if inseparable(centred).any():
        return Attribution(note="the arms of this screening cannot tell all averages apart")
    weights = np.zeros((len(subjects) + 1, len(order)))
    weights[:-1, : len(names)] = np.linalg.pinv(centred)
    first, last = order.index(whole.without_arm), order.index(whole.with_arm)
    weights[-1, [first, last]] = (-1.0, 1.0)
    weights[-1] -= weights[:-1].sum(axis=0)
    named = [*subjects, INTERACTIONS]
    saturated = not (np.abs(weights[-1]) > _NOTHING).any()
    if saturated:
        named, weights = subjects, weights[:-1]
    shares = attribute(
        Blocks.of(frame),
        order,
        subjects=named,
        weights=weights,
        first=first,
        last=last,
        score=score,
        level=level,
    )
    said = _SATURATED if saturated and shares.shares and len(subjects) > 2 else ""
    return replace(shares, averaged=True, note="; ".join(filter(None, (shares.note, said))))
