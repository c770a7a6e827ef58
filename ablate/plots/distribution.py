"""Every trial: scores and times by arm, and times in the order they were taken, where drift would show."""

from math import isfinite
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ablate.errors import UsageError, near_match_and_all
from ablate.plots import style, text
from ablate.plots.drift import draw_drift
from ablate.plots.marks import dots, spread, thinned, violins
from ablate.plots.sheet import INCH, Sheet, dress, label_axis, number_ticks, sheet
from ablate.plots.table import Looks, number, rows
from ablate.plots.target_shares import TargetShares, row_inches
from ablate.plots.tick_labels import keep_apart
from ablate.stats.frames import arm_summary, measured_apart, trials_each, undisturbed_seconds, usable
from ablate.stats.score_words import axis_name, capital, short_name, value_words
from ablate.stats.wording import counted
from ablate.study.score import TTA_ACCURACY, Score

View: TypeAlias = Literal["all", "score", "time", "drift"]

MOST_DOTS = 60
"""An arm with more trials is drawn as a violin."""

_GAP = 0.06
_PANEL = (1 - _GAP) / 2
"""The width of each of two panels side by side, and of the gap between them, to that of both."""

_OUTCOMES = ("score", "time")


class _Outcome(NamedTuple):
    """A column of trials, the factor to what is drawn, the name of its axis, and whether that runs backwards."""

    column: str
    factor: float
    name: str
    reverse: bool


def _outcomes(score: Score) -> dict[str, _Outcome]:
    return {
        "score": _Outcome("score", score.factor, axis_name(score, "right"), score.better == "lower"),
        "time": _Outcome("time_seconds", 1.0, "Time (s)", False),
    }


def distribution(
    data: pd.DataFrame,
    *,
    ax: Axes | None = None,
    theme: str = "light",
    width_inches: float | None = None,
    view: View = "all",
    title: str = "",
    setting: str = "",
    score: Score = TTA_ACCURACY,
    target_score: float | None = None,
) -> Axes:
    """Draw the usable trials of `ablate.stats.trials_frame`: score and time by arm, and the drift of times.

    Where `score` says that less is better its axis runs backwards, so that right is better. Up to 60 trials an arm are dots, more a
    violin; the diamond is the mean with its 95 % interval from `arm_summary`. The drift view shows each time as a difference from its
    arm's mean, in the order the trials began, coloured by process. With `view` "all" the returned axes hold the three panels
    (`Axes.child_axes`), otherwise they are the one asked for.

    Where no score was measured, or no time counts, "all" is the other one alone. `target_score`, as trials hold it, is a dashed
    line through the scores; at the right of each arm's row stands the share of its trials there or better, with its 95 % interval.

    Raises:
        UsageError: no usable trial, nothing of the view that counts, a table that lacks columns, an unknown view or theme, a target
            that the score cannot reach, or one for a view without scores.
    """
    if view not in ("all", "drift", *_OUTCOMES):
        raise UsageError(f"There is no view '{view}'.{near_match_and_all(view, ['all', 'drift', *_OUTCOMES])}")
    summary = arm_summary(data)
    trials = data[usable(data)]
    if trials.empty:
        raise UsageError(f"There is no usable trial to draw{_what_happened(data)}.")
    trials = trials.assign(time_seconds=undisturbed_seconds(trials))
    asked, view = view, _drawable(view, trials)
    summary = summary[summary["trials"] > 0].reset_index(drop=True)
    names = _names(summary)
    outcomes = _outcomes(score)
    width = style.DEFAULT_WIDTH_INCHES if width_inches is None else width_inches
    points = style.font_points(width)
    shares = None if target_score is None else _shares(trials, summary, view, target_score, score)
    wrapped = [text.wrap(name, 0.32 * width * INCH, points) for name in names]
    row = (max(text.line_count(name) for name in wrapped) + 0.8) * text.LINE_HEIGHT * points / INCH
    by_arm = max(row, 0.26 if shares is None else row_inches(style.SMALL * points)) * len(names)
    drift_height = min(max(0.24 * width, 1.1), 2.4)
    beside = 0.0 if shares is None else shares.width_points(style.SMALL * points)
    panel = _PANEL * (0.96 * width * INCH - text.widest(wrapped, points) - points - beside)
    lines = max(text.line_count(text.wrap(each.name, max(panel, 6 * points), points)) for each in outcomes.values())
    gap = (5.2 + (lines - 1) * text.LINE_HEIGHT) * points / INCH
    content = {"all": by_arm + gap + drift_height, "drift": drift_height}.get(view, by_arm)
    with sheet(ax, theme=theme, width_inches=width_inches, content_inches=content) as on:
        panels = _panels(on, view, by_arm / content, drift_height / content)
        for outcome in _OUTCOMES:
            if outcome in panels:
                dress(panels[outcome], on, grid="x")
                target = shares.target if shares is not None and outcome == "score" else None
                _by_arm(panels[outcome], on, trials, summary, outcomes[outcome], target)
        first = next((panels[outcome] for outcome in _OUTCOMES if outcome in panels), None)
        if first is not None:
            first.set_yticks(range(len(wrapped)), labels=wrapped)
        if shares is not None:
            shares.draw_line(panels["score"], on)
            shares.write(panels.get("time", panels["score"]), on)
        if "drift" in panels:
            dress(panels["drift"], on, grid="y")
        on.fit()
        for outcome in _OUTCOMES:
            if outcome in panels:
                number_ticks(panels[outcome], on, "x", sample="00.00")
                label_axis(panels[outcome], on, "x", outcomes[outcome].name)
        if {"score", "time"} <= panels.keys():
            keep_apart(panels["score"], panels["time"], on)
        shown = 0
        if "drift" in panels:
            shown = draw_drift(panels["drift"], on, trials, summary)
        on.header(title)
        on.describe(title or "Every trial", _description(summary, score))
        left_out = f"No {'time' if view == 'score' else 'score'} of these trials counts" if view != asked else ""
        counted_at = "" if shares is None else shares.remark
        on.caption([*_remarks(data, trials, summary, view, shown, setting, score), counted_at, left_out])
        return on.ax


def _shares(trials: pd.DataFrame, summary: pd.DataFrame, view: View, target_score: float, score: Score) -> TargetShares:
    if view not in ("all", "score"):
        raise UsageError(f"A target is one of {short_name(score)}, of which there is nothing to draw here.")
    return TargetShares.of(trials, [str(arm) for arm in summary["arm"]], target_score, score)


def _drawable(view: View, trials: pd.DataFrame) -> View:
    """What there is to draw of a view: of all, the outcome that was measured where the other was not, or does not count.

    Raises:
        UsageError: nothing of it was measured.
    """
    measured = {name: bool(np.isfinite(trials[each.column]).any()) for name, each in _outcomes(TTA_ACCURACY).items()}
    if view == "all":
        return "all" if all(measured.values()) else "score" if measured["score"] else "time"
    if not measured["score" if view == "score" else "time"]:
        raise UsageError(
            f"There is no {'score' if view == 'score' else 'time that counts'} among these trials to draw."
        )
    return view


def _panels(on: Sheet, view: str, by_arm: float, drift: float) -> dict[str, Axes]:
    if view != "all":
        return {view: on.ax}
    on.ax.set_axis_off()
    width, gap = _PANEL, _GAP
    top = (1 - by_arm) * on.content_inches
    return {
        "score": on.panel(0.0, top, width, by_arm * on.content_inches),
        "time": on.panel(width + gap, top, width, by_arm * on.content_inches),
        "drift": on.panel(0.0, 0.0, 1.0, drift * on.content_inches),
    }


def _names(summary: pd.DataFrame) -> list[str]:
    same = all(summary[count].nunique() == 1 for count in ("trials", "scored", "timed"))
    return [
        str(row.arm) if same else f"{row.arm} (n = {number})"
        for row, number in zip(rows(summary), _numbers(summary), strict=True)
    ]


def _numbers(summary: pd.DataFrame) -> list[str]:
    """How many trials each arm has: "5", or "5 and 6", trainings and times apart from them."""
    if not measured_apart(summary):
        return [f"{row.trials:,}" for row in rows(summary)]
    return [f"{row.scored:,} and {row.timed:,}" for row in rows(summary)]


def _by_arm(
    axes: Axes, on: Sheet, trials: pd.DataFrame, summary: pd.DataFrame, outcome: _Outcome, target: float | None
) -> None:
    theme = on.theme
    column, unit = outcome.column, outcome.factor
    axes.spines["left"].set_visible(False)
    axes.set_ylim(len(summary) - 0.5, -0.5)
    axes.set_yticks([])
    axes.tick_params(axis="y", length=0)
    # Where times are taken apart from the trainings, or did not count, a trial has one of the two.
    measured = trials[np.isfinite(trials[column])]
    by_arm = {
        str(arm): unit * measured[column][measured["arm"] == arm].to_numpy(dtype=np.float64) for arm in summary["arm"]
    }
    by_arm = {arm: values for arm, values in by_arm.items() if len(values)}
    ends = [end for values in by_arm.values() for end in (values.min(), values.max())]
    many = {
        float(place): by_arm[arm]
        for place, arm in enumerate(summary["arm"])
        if arm in by_arm and len(by_arm[arm]) > MOST_DOTS and np.ptp(by_arm[arm]) > 0
    }
    violins(axes, many, 0.36, colour=theme.gain, alpha=0.45)
    for place, arm in enumerate(summary["arm"]):
        if arm not in by_arm:
            continue
        if place not in many:
            values = by_arm[arm][thinned(len(by_arm[arm]), MOST_DOTS)]
            places = place + 0.62 * spread(len(values))
            dots(axes, values, places, colour=theme.gain, points=0.42 * on.points, alpha=0.6, label=str(arm))
        mean, low, high = (unit * number(summary, place, f"{column}_{end}") for end in ("mean", "low", "high"))
        if isfinite(low) and isfinite(high):
            axes.plot([low, high], [place, place], color=theme.ink, linewidth=1.4, solid_capstyle="butt", zorder=3)
            ends += [low, high]
        looks: Looks = {
            "markersize": 0.5 * on.points,
            "markerfacecolor": theme.background,
            "markeredgecolor": theme.ink,
        }
        axes.plot([mean], [place], linestyle="none", marker="D", zorder=4, **looks)
    ends += [] if target is None else [target]
    low, high = min(ends), max(ends)
    room = 0.06 * (high - low) or 0.01 * abs(high) or 1.0
    axes.set_xlim(*((high + room, low - room) if outcome.reverse else (low - room, high + room)))


def _what_happened(data: pd.DataFrame) -> str:
    if data.empty:
        return ": none has been run yet"
    counts = ", ".join(f"{count} {status}" for status, count in data["status"].value_counts().items())
    return f" ({counts})"


def _description(summary: pd.DataFrame, score: Score) -> str:
    parts = [
        f"{row.arm}: {value_words(row.score_mean, score)}, {row.time_seconds_mean:.4g} s, n = {number}"
        for row, number in zip(rows(summary), _numbers(summary), strict=True)
    ]
    scores = "TTA accuracies" if score.measures_as(TTA_ACCURACY) else score.title
    return f"{capital(scores)} and times of every trial by arm. Means: {'; '.join(parts)}."


def _remarks(
    data: pd.DataFrame,
    trials: pd.DataFrame,
    summary: pd.DataFrame,
    view: str,
    shown: int,
    setting: str,
    score: Score,
) -> list[str]:
    processes = int(trials["process"].nunique())
    remarks = [f"n = {trials_each(summary)} an arm in {counted(processes, 'process')}", setting]
    if view != "drift":
        remarks.append(
            f"Diamonds: means with 95 % intervals, over trials ({short_name(score)}) and over processes (time)"
        )
    timed = int(np.isfinite(trials["time_seconds"]).sum())
    if 0 < shown < timed:
        remarks.append(f"The drift view shows {shown:,} of {timed:,} trials, evenly spaced")
    lost = len(data) - len(trials)
    if lost:
        remarks.append(f"{counted(lost, 'trial')} without usable numbers left out")
    return remarks
