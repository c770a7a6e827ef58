"""Trials epoch by epoch: what the curves of each arm's trials add up to."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.stats.frames import usable
from ablate.stats.intervals import FloatArray, t_interval
from ablate.stats.targets import reaches
from ablate.study.score import Score

COLUMNS = (
    "arm",
    "epoch",
    "n",
    "mean",
    "mean_low",
    "mean_high",
    "sd",
    "lowest",
    "percentile_5",
    "percentile_95",
    "highest",
)
"""The columns of `by_epoch`."""


def by_epoch(trials: pd.DataFrame, epochs: Mapping[str, float] | None = None) -> pd.DataFrame:
    """The `curve`s of the usable trials of `trials_frame`, one row an arm and epoch, arms in order of first appearance.

    `n` trials of an arm have a finite curve; `mean`, the ends `mean_low` and `mean_high` of its 95 % t-interval (NaN of one trial and
    without spread), `sd` (n - 1 in the denominator, NaN of one trial) and the rest are over these, in the unit that trials hold,
    percentiles interpolated linearly. Trials are taken as independent, which scores are. Those without a curve are left out, and
    curves of one arm that differ in length end with the shortest. `epochs` says how many each arm trains, so that one that ends
    within an epoch has its last row there. Without any curve the table has no rows.

    Raises:
        UsageError: `trials` lacks a column.
    """
    missing = [name for name in ("arm", "status", "score", "time_seconds", "curve") if name not in trials.columns]
    if missing:
        raise UsageError(f"this table of trials lacks {', '.join(missing)}; make it with ablate.stats.trials_frame")
    tables = [
        _of_arm(str(arm), curves, (epochs or {}).get(str(arm)))
        for arm, group in trials[usable(trials)].groupby("arm", sort=False)
        if (curves := _measured(group["curve"]))
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(COLUMNS))


def first_epoch_at(epochs: FloatArray, means: FloatArray, target_score: float, score: Score) -> float | None:
    """The first of `epochs` `(n,)` whose mean is at `target_score` or better, all as trials hold them; None where none is."""
    reached = epochs[reaches(means, target_score, score)]
    return float(reached[0]) if reached.size else None


def _measured(curves: pd.Series) -> list[FloatArray]:
    arrays = [np.asarray(curve, dtype=np.float64) for curve in curves]
    return [curve for curve in arrays if curve.size and np.isfinite(curve).all()]


def _of_arm(arm: str, curves: list[FloatArray], trained: float | None) -> pd.DataFrame:
    # A study's arm has one length; a folder put together from several may not.
    length = min(curve.size for curve in curves)
    together = np.stack([curve[:length] for curve in curves])
    epochs = np.arange(1.0, length + 1)
    if trained is not None and length - 1 < trained < length:
        epochs[-1] = trained
    interval = t_interval(together.T)
    low, high = np.percentile(together, [5, 95], axis=0)
    values = {
        "arm": arm,
        "epoch": epochs,
        "n": len(curves),
        "mean": interval.mean,
        "mean_low": interval.low,
        "mean_high": interval.high,
        "sd": interval.sd,
        "lowest": together.min(axis=0),
        "percentile_5": low,
        "percentile_95": high,
        "highest": together.max(axis=0),
    }
    return pd.DataFrame(values, columns=list(COLUMNS))
