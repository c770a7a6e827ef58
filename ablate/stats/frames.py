"""Trials as one tidy table, and what each arm did on its own."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.stats.intervals import FloatArray, process_means, t_interval
from ablate.stats.wording import counted_each
from ablate.store.records import Trial
from ablate.study.schedule import TrialKey

MEASURED_COLUMNS = (
    "accuracy",
    "score",
    "time_seconds",
    "train_seconds",
    "tta_seconds",
    "reset_seconds",
    "wall_seconds",
    "warm_up_seconds",
    "compile_seconds",
    "train_accuracy",
)
"""Numbers of one trial: scores and accuracies as trials hold them, durations in seconds; NaN where not measured."""

EXTRA = "extra."
"""What the column of another named measurement begins with: `extra.perplexity`."""

_SPEC_COLUMNS = ("arm", "block", "position", "planned_process", "seed", "measures")
_TRIAL_COLUMNS = (
    "process",
    "status",
    "started_at",
    "recipe",
    "environment",
    "data",
    "data_digest",
    "marks",
    "error",
    "beside",
    "seat",
    "host",
    "received_at",
)
_spec_values = attrgetter("arm", "block", "position", "process", "seed", "measures")
_trial_values = attrgetter(*_TRIAL_COLUMNS)
_measured_values = attrgetter(*MEASURED_COLUMNS, "curve")
_UNMEASURED = (None,) * len(MEASURED_COLUMNS) + ((),)

COLUMNS = (*_SPEC_COLUMNS, *_TRIAL_COLUMNS, *MEASURED_COLUMNS, "curve")
"""The columns every frame has; other named measurements (`extra.…`), then the accelerator's (`device_before_…`) come after them."""


def trials_frame(trials: Iterable[Trial]) -> pd.DataFrame:
    """One row for each (arm, block), in the order they were planned; where a trial was run again, the last record counts.

    Columns are `COLUMNS` (units in the names, accuracies as fractions, `process` the one that ran the trial and
    `planned_process` the one it was dealt to), then one for each other named measurement, in the order in which trials name them,
    and one for each numeric fact of the accelerator before and after the trial.
    A trial that failed has NaN for its measurements. An empty iterable gives an empty frame with `COLUMNS`.
    """
    last: dict[TrialKey, Trial] = {}
    for trial in trials:
        last[(trial.spec.arm, trial.spec.block)] = trial
    kept = sorted(last.values(), key=lambda trial: (trial.spec.block, trial.spec.position, trial.spec.arm))
    rows = [
        _spec_values(trial.spec)
        + _trial_values(trial)
        + (_UNMEASURED if trial.measurements is None else _measured_values(trial.measurements))
        for trial in kept
    ]
    values = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)) if rows else {name: () for name in COLUMNS}
    columns = {name: _column(name, column) for name, column in values.items()} | _extra_columns(kept)
    for moment in ("device_before", "device_after"):
        columns |= _device_columns(moment, kept)
    return pd.DataFrame(columns)


def _column(name: str, values: tuple[object, ...]) -> pd.Series:
    if name in MEASURED_COLUMNS:
        return pd.Series(np.array(values, dtype=np.float64))
    if name in ("block", "position", "planned_process", "process", "seed", "beside"):
        return pd.Series(np.array(values, dtype=np.int64))
    # object: tuples and None stay what they are under every pandas version
    return pd.Series(list(values), dtype=object)


def _extra_columns(trials: list[Trial]) -> dict[str, pd.Series]:
    measured = [{} if trial.measurements is None else trial.measurements.extra for trial in trials]
    names = dict.fromkeys(name for extra in measured for name in extra)
    return {
        f"{EXTRA}{name}": pd.Series([_float(extra.get(name, np.nan)) for extra in measured], dtype=np.float64)
        for name in names
    }


def _device_columns(moment: str, trials: list[Trial]) -> dict[str, pd.Series]:
    facts = [getattr(trial, moment) or {} for trial in trials]
    if not any(facts):
        return {}
    numeric = (int, float)
    names = sorted({name for fact in facts for name, value in fact.items() if isinstance(value, numeric)})
    return {
        f"{moment}_{name}": pd.Series(
            [_float(fact[name]) if isinstance(fact.get(name), numeric) else np.nan for fact in facts], dtype=np.float64
        )
        for name in names
    }


def _float(value: Any) -> float:
    """NaN for a whole number that is larger than any float, as a damaged file may hold."""
    try:
        return float(value)
    except OverflowError:
        return float("nan")


def check_frame(frame: pd.DataFrame) -> None:
    """See that `frame` has the columns the statistics read.

    Raises:
        UsageError: it lacks some; the message names them.
    """
    needed = ("arm", "block", "process", "status", "environment", "data", "data_digest", *MEASURED_COLUMNS[:3])
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise UsageError(f"this table of trials lacks {', '.join(missing)}; make it with ablate.stats.trials_frame")


def usable(frame: pd.DataFrame) -> pd.Series:
    """Which rows can be counted: status "ok", and what the trial was to measure is finite, its time positive; a boolean series."""
    measures = frame["measures"] if "measures" in frame.columns else "both"
    has_score, has_time = np.isfinite(frame["score"]), np.isfinite(frame["time_seconds"]) & (frame["time_seconds"] > 0)
    measured = (has_score | (measures == "time")) & (has_time | (measures == "score"))
    return pd.Series((frame["status"] == "ok") & measured, dtype=bool)


def undisturbed_seconds(frame: pd.DataFrame) -> FloatArray:
    """The times that count, in seconds: NaN where another trial could run beside the trial."""
    seconds = frame["time_seconds"].to_numpy(dtype=np.float64)
    if "beside" not in frame.columns:
        return seconds
    return np.where(frame["beside"].to_numpy(dtype=np.int64) > 0, np.nan, seconds)


COUNTS = ("trials", "scored", "timed", "failed", "timed_out", "unusable", "processes")
"""The columns of `arm_summary` that count."""


def arm_summary(frame: pd.DataFrame) -> pd.DataFrame:
    """What each arm did, one row an arm in order of first appearance, whether or not the study is finished.

    `trials` counts the usable ones, `scored` and `timed` those of them whose score and whose time count, not all where times are
    measured apart from the trainings; `failed` and `timed_out` the others, `unusable` those said to be ok but without a finite
    time and score. For `score` and `accuracy`, and each other named measurement: mean, sd, and 95 % t-interval over trials. For
    `time_seconds`: mean of the process means, sd over trials, and a 95 % t-interval over process means (NaN with one process).

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    check_frame(frame)
    counted = usable(frame)
    outcomes = (*_OUTCOMES, *extra_columns(frame))
    rows = [
        _arm_row(str(arm), group, group[counted.loc[group.index]], outcomes)
        for arm, group in frame.groupby("arm", sort=False)
    ]
    numbers = [f"{outcome}_{number}" for outcome in outcomes for number in ("mean", "sd", "low", "high")]
    return pd.DataFrame(rows, columns=["arm", *COUNTS, *numbers])


def measured_apart(summary: pd.DataFrame) -> bool:
    """Whether arms of `arm_summary` have trials whose scores count and others whose times count, so that their sum says little."""
    trials, scored, timed = (summary[count] for count in ("trials", "scored", "timed"))
    return bool(scored.any() and timed.any() and ((trials != scored) | (trials != timed)).any())


def counts_shown(summary: pd.DataFrame, together: str) -> dict[str, str]:
    """The counts that a table of arms shows, with their headings: all trials as `together`, or trainings and times by themselves."""
    return {"scored": "trainings", "timed": "times"} if measured_apart(summary) else {"trials": together}


def trials_each(summary: pd.DataFrame) -> str:
    """How many trials each arm of `arm_summary` has, or of either kind: "5 trials", "5 trainings and 6 to 7 times"."""
    trials, scored, timed = (summary[count] for count in ("trials", "scored", "timed"))
    if ((trials == scored) & (trials == timed)).all():
        return counted_each(trials, "trial")
    kinds = ((scored, "training"), (timed, "time"))
    return " and ".join(counted_each(numbers, noun) for numbers, noun in kinds if numbers.any())


def extra_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns of a frame that hold other named measurements."""
    return tuple(str(name) for name in frame.columns if str(name).startswith(EXTRA))


_OUTCOMES = ("score", "accuracy", "time_seconds")


def _arm_row(arm: str, every: pd.DataFrame, good: pd.DataFrame, outcomes: Sequence[str]) -> dict[str, object]:
    said_ok = int((every["status"] == "ok").sum())
    row: dict[str, object] = {
        "arm": arm,
        "trials": len(good),
        "scored": int(np.isfinite(good["score"]).sum()),
        "timed": int(np.isfinite(undisturbed_seconds(good)).sum()),
        "failed": int((every["status"] == "failed").sum()),
        "timed_out": int((every["status"] == "timeout").sum()),
        "unusable": said_ok - len(good),
        "processes": int(good["process"].nunique()),
    }
    for outcome in outcomes:
        values = undisturbed_seconds(good) if outcome == "time_seconds" else good[outcome].to_numpy(dtype=np.float64)
        finite = np.isfinite(values)
        over_trials = t_interval(values[finite])
        interval = over_trials
        if outcome == "time_seconds":
            interval = t_interval(process_means(values[finite], good["process"].to_numpy()[finite]))
        row |= {
            f"{outcome}_mean": float(interval.mean),
            f"{outcome}_sd": float(over_trials.sd),
            f"{outcome}_low": float(interval.low),
            f"{outcome}_high": float(interval.high),
        }
    return row
