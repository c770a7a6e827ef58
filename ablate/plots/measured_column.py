"""The mean times of arms as ticks in a column at the right end of a time axis, each with its name beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ablate.errors import UsageError
from ablate.plots import text
from ablate.plots.labels import with_seconds
from ablate.plots.placement import spread_apart
from ablate.plots.sheet import INCH, Sheet
from ablate.plots.table import Looks, need_columns, rows

MOST_ARMS = 8
"""Of more arms than this only the fastest and the slowest are shown."""

_HEADING = "measured here"
_WIDEST_SHARE = 0.3
"""What of the axes' width the names may take."""


@dataclass(frozen=True, slots=True)
class MeasuredColumn:
    """What the column shows: `names` and mean `seconds` of arms, the fastest first, out of `arms` that have a time."""

    names: tuple[str, ...]
    seconds: tuple[float, ...]
    arms: int

    @classmethod
    def of(cls, data: pd.DataFrame) -> "MeasuredColumn":
        """From a table of `ablate.stats.arm_summary`.

        Raises:
            UsageError: it lacks columns, or no arm has a time.
        """
        need_columns(data, ("arm", "time_seconds_mean"), "arms", "ablate.stats.arm_summary")
        table = data[np.isfinite(data["time_seconds_mean"])].sort_values("time_seconds_mean", kind="stable")
        if table.empty:
            raise UsageError("No arm has a usable trial yet, so there is no time to draw beside the records.")
        shown = table if len(table) <= MOST_ARMS else table.iloc[[0, -1]]
        return cls(
            names=tuple(str(row.arm) for row in rows(shown)),
            seconds=tuple(float(row.time_seconds_mean) for row in rows(shown)),
            arms=len(table),
        )

    @property
    def words(self) -> str:
        """Every arm shown with its time, in one line."""
        return "; ".join(f"{name}: {seconds:.4g} s" for name, seconds in zip(self.names, self.seconds, strict=True))

    def remark(self, setting: str) -> str:
        """What the caption says of the column."""
        which = "each arm" if self.arms == len(self.names) else f"the fastest and the slowest of {self.arms} arms"
        on = f" on {setting}" if setting else ""
        return f"At the right, mean seconds of {which} measured here{on}, whatever accuracy it reaches"

    def share_of_width(self, on: Sheet, width_points: float) -> float:
        """What of axes `width_points` wide the column takes, less than half."""
        words = text.widest([_HEADING, *self._wrapped(on, width_points)], on.small)
        return min((1.04 * words + _tick_points(on) + 2.2 * on.small) / width_points, 0.48)

    def draw(self, axes: Axes, on: Sheet, start: float) -> None:
        """Draw the column on a shade from `start` of the horizontal axis to its end."""
        width, height = (side * INCH for side in on.inches(axes))
        left, right = axes.get_xlim()
        axes.axvspan(start, right, facecolor=on.theme.shade, edgecolor="none", zorder=0.5)
        edge = (start - left) / (right - left)
        line = on.small * text.LINE_HEIGHT
        looks: Looks = {"xycoords": "axes fraction", "textcoords": "offset points", "fontsize": on.small}
        inset = _tick_points(on) + 0.9 * on.small
        axes.annotate(
            text.wrap(_HEADING, (1 - edge) * width, on.small),
            **looks,
            xy=(edge, 1.0),
            xytext=(0.5 * on.small, -0.3 * on.small),
            ha="left",
            va="top",
            color=on.theme.muted,
            zorder=5,
        )
        words = self._wrapped(on, width)
        heights = [text.line_count(word) * line for word in words]
        levels = [
            float(axes.transAxes.inverted().transform(axes.transData.transform((start, each)))[1]) * height
            for each in self.seconds
        ]
        middles = spread_apart(levels, heights, low=1.0, high=height - 1.6 * line)
        for word, level, middle, seconds in zip(words, levels, middles, self.seconds, strict=True):
            reach = (start, start + (right - left) * _tick_points(on) / width)
            axes.plot(
                reach,
                (seconds, seconds),
                color=on.theme.ink,
                linewidth=1.2,
                zorder=4,
                label=_HEADING,
                solid_capstyle="butt",
            )
            far = abs(middle - level) > 1.0
            leader = {"arrowstyle": "-", "color": on.theme.muted, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0}
            axes.annotate(
                word,
                **looks,
                xy=(edge + _tick_points(on) / width, level / height),
                xytext=(inset - _tick_points(on), middle - level),
                ha="left",
                va="center",
                color=on.theme.ink,
                arrowprops=leader | {"relpos": (0, 0.5)} if far else None,
                annotation_clip=False,
                zorder=5,
            )

    def _wrapped(self, on: Sheet, width_points: float) -> Sequence[str]:
        widest = _WIDEST_SHARE * width_points
        return [
            with_seconds(name, seconds, widest, on.small)
            for name, seconds in zip(self.names, self.seconds, strict=True)
        ]


def _tick_points(on: Sheet) -> float:
    return 0.9 * on.points
