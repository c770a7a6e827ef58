"""The drift view: times in the order in which they were taken."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ablate.plots import style, text
from ablate.plots.marks import dots, thinned
from ablate.plots.sheet import INCH, Sheet, label_axis, number_ticks
from ablate.plots.table import Looks

MOST_DRIFT_DOTS = 3000


class _Drift(NamedTuple):
    """The drift view's numbers, all `(n,)`: place in the order, percent from the arm's mean, process."""

    order: NDArray[np.float64]
    percent: NDArray[np.float64]
    process: NDArray[np.int64]


def _in_order(trials: pd.DataFrame, summary: pd.DataFrame) -> _Drift:
    ordered = trials.sort_values("started_at", kind="stable") if "started_at" in trials else trials
    means = ordered["arm"].map(summary.set_index("arm")["time_seconds_mean"]).to_numpy(dtype=np.float64)
    times = ordered["time_seconds"].to_numpy(dtype=np.float64)
    return _Drift(
        order=np.arange(1.0, len(ordered) + 1),
        percent=100 * (times / means - 1),
        process=ordered["process"].to_numpy(dtype=np.int64),
    )


def draw_drift(axes: Axes, on: Sheet, trials: pd.DataFrame, summary: pd.DataFrame) -> int:
    """Draw the drift view; how many trials it shows."""
    drift = _in_order(trials[np.isfinite(trials["time_seconds"])], summary)
    kept = np.array(thinned(len(drift.order), MOST_DRIFT_DOTS))
    processes = sorted(set(drift.process.tolist()))
    axes.axhline(0, color=on.theme.muted, linewidth=0.8, zorder=1)
    for index, process in enumerate(processes):
        chosen = kept[drift.process[kept] == process]
        looks: Looks = {
            "colour": on.theme.series[index % len(on.theme.series)],
            # With more processes than colours the shape goes on telling them apart.
            "marker": style.MARKERS[index // len(on.theme.series) % len(style.MARKERS)],
            "points": 0.4 * on.points,
            "alpha": 0.8,
            "label": f"process {process}",
        }
        dots(axes, drift.order[chosen], drift.percent[chosen], **looks)
    low, high = float(drift.percent.min()), float(drift.percent.max())
    room = 0.08 * (high - low) or 0.5
    axes.set_ylim(low - room, high + room)
    count = len(drift.order)
    axes.set_xlim(0.5 - 0.01 * count, count + 0.5 + 0.01 * count)
    number_ticks(axes, on, "x", sample="0" * (len(str(count)) + 1), whole=True)
    number_ticks(axes, on, "y")
    label_axis(axes, on, "x", "Trials in the order they began")
    label_axis(axes, on, "y", "% from arm's mean")
    if len(processes) > 1:
        _number_processes(axes, on, drift, processes)
    return len(kept)


def _number_processes(axes: Axes, on: Sheet, drift: _Drift, processes: Sequence[int]) -> None:
    """The number of each process above its trials, as many as there is room for."""
    width, _ = on.inches(axes)
    first, last = axes.get_xlim()
    free_from = -np.inf
    for index, process in enumerate(processes):
        label = f"process {process}" if index == 0 else str(process)
        middle = float(np.mean(drift.order[drift.process == process]))
        place = (middle - first) / (last - first) * width * INCH
        half = text.line_width(label, on.small) / 2 + 0.3 * on.small
        if place - half < free_from:
            continue
        free_from = place + half
        axes.annotate(
            label,
            xy=(middle, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=on.small,
            color=on.theme.series[index % len(on.theme.series)],
            annotation_clip=False,
        )
