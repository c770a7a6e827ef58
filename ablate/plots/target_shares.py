"""How many trials of each arm reach a target: a dashed line through their scores, and each share at the right of its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import pandas as pd
from matplotlib.axes import Axes

from ablate.plots import text
from ablate.plots.sheet import INCH, Sheet
from ablate.plots.table import rows
from ablate.stats.score_words import short_name
from ablate.stats.targets import percent_words, reached_words, share_interval, shares_above, target_words
from ablate.study.score import Score

LINES = 2
"""Lines of a share: the percentage, and its interval below."""

_GAP_EMS = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetShares:
    """What `ablate.stats.shares_above` says of each arm of a figure, as words in rows; "" for an arm without a score."""

    target: float
    heading: str
    words: tuple[str, ...]
    remark: str

    @classmethod
    def of(cls, trials: pd.DataFrame, arms: Sequence[str], target_score: float, score: Score) -> "TargetShares":
        """Those of `arms`, one row each.

        Raises:
            UsageError: a target that the score cannot reach.
        """
        table = shares_above(trials, target_score, score=score)
        said = {str(row.arm): _share(row.above, row.n, row.share_low, row.share_high) for row in rows(table)}
        return cls(
            target=score.factor * target_score,
            heading=reached_words(target_score, score),
            words=tuple(said.get(arm, "") for arm in arms),
            remark=f"Dashed: {target_words(target_score, score)}; at the right, the share of trials whose {short_name(score)} is "
            f"{reached_words(target_score, score)}, with its 95 % interval (Wilson)",
        )

    def width_points(self, points: float) -> float:
        """The width of the column in type of this size, with the gap before it."""
        return text.widest([*self.words, self._wrapped_heading(points)], points) + _GAP_EMS * points

    def draw_line(self, axes: Axes, on: Sheet) -> None:
        """Draw the target across the arms' rows."""
        axes.axvline(self.target, color=on.theme.muted, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1.8)

    def write(self, axes: Axes, on: Sheet) -> None:
        """Write each share at the right end of its row of `axes`, where row 0 lies at 0, and above them what they are shares of."""
        gap = _GAP_EMS * on.small
        for place, words in enumerate(self.words):
            axes.annotate(
                words,
                xy=(1.0, place),
                xycoords=("axes fraction", "data"),
                xytext=(gap, 0),
                textcoords="offset points",
                ha="left",
                va="center",
                fontsize=on.small,
                color=on.theme.ink,
                annotation_clip=False,
            )
        axes.annotate(
            self._wrapped_heading(on.small),
            xy=(1.0, 1.0),
            xycoords="axes fraction",
            xytext=(gap, 0.2 * on.small),
            textcoords="offset points",
            ha="left",
            va="bottom",
            fontsize=on.small,
            color=on.theme.muted,
            annotation_clip=False,
        )

    def _wrapped_heading(self, points: float) -> str:
        return text.wrap(self.heading, max(text.widest(self.words, points), 4 * points), points)


def row_inches(points: float) -> float:
    """The least height of a row that has a share."""
    return (LINES + 0.6) * text.LINE_HEIGHT * points / INCH


def _share(above: int, n: int, low: float, high: float) -> str:
    return f"{percent_words(above, n)}\n{share_interval(low, high)}" if isfinite(low) else ""
