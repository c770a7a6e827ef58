"""What a frontier shows of arms at several lengths: a line through each recipe's, and when it reaches the score of the reference."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from ablate.plots.sheet import Sheet
from ablate.plots.table import Looks, need_columns
from ablate.stats.evidence import Evidence
from ablate.stats.readout import FEWEST_LENGTHS
from ablate.stats.score_words import short_name
from ablate.stats.wording import start_words
from ablate.study.score import Score

_COLUMNS = ("arm", "target_score", "seconds", "low_seconds", "high_seconds")

_MOST_RECIPES = 3
"""Of more the bars lie on top of each other, as all are at one score; the waterfall has the times of a ladder's steps."""


@dataclass(frozen=True, slots=True)
class LengthCurves:
    """Arms with the same features, each recipe's from its shortest on, and the times of `ablate.stats.equal_accuracy`.

    `reference` is the arm whose score is to be reached.
    """

    recipes: tuple[tuple[str, ...], ...]
    reference: str
    times: pd.DataFrame

    @classmethod
    def of(cls, evidence: Evidence) -> "LengthCurves | None":
        """Those of a study; None where no recipe has lengths enough to read a time from, or too many have."""
        times = evidence.equal_accuracy
        if times is None:
            return None
        recipes: dict[tuple[frozenset[str], int], list[tuple[float, str]]] = {}
        for arm in evidence.resolved.study.arms:
            recipes.setdefault((arm.features, arm.stream), []).append((arm.length, arm.name))
        at_lengths = (sorted(arms) for arms in recipes.values() if len(arms) >= FEWEST_LENGTHS)
        named = tuple(tuple(name for _, name in arms) for arms in at_lengths)
        return cls(recipes=named, reference=evidence.starting_arm, times=times) if len(named) <= _MOST_RECIPES else None

    def draw(self, axes: Axes, on: Sheet, table: pd.DataFrame, score: Score) -> tuple[list[Artist], list[str]]:
        """Draw them among the arms of `table`, that of `ablate.stats.arm_summary`; what the legend is to have of it."""
        need_columns(self.times, _COLUMNS, "equal-accuracy times", "ablate.stats.equal_accuracy")
        lines = self._lines(axes, on, table, score)
        handles: list[Artist] = lines[:1]
        labels = ["one recipe at several lengths"][: len(handles)]
        read = self._read()
        if read:
            level = score.factor * read[0]["target_score"]
            looks: Looks = {"color": on.theme.total, "linewidth": 1.0, "linestyle": (0, (1.5, 1.5)), "zorder": 1}
            axes.axhline(level, **looks)
            for row in read:
                # An end beyond the measured lengths is not known; the bar ends at the mark there.
                ends = [row[end] if isfinite(row[end]) else row["seconds"] for end in ("low_seconds", "high_seconds")]
                axes.plot(ends, [level, level], color=on.theme.total, linewidth=2.2, solid_capstyle="butt", zorder=2.4)
            mark: Looks = {"marker": "D", "color": on.theme.total, "markersize": 0.5 * on.points, "zorder": 4}
            handles += axes.plot([row["seconds"] for row in read], [level] * len(read), linestyle="none", **mark)
            labels.append(f"time to the {short_name(score)} of {start_words(self.reference)}")
        return handles, labels

    def remarks(self) -> list[str]:
        """What a caption has to say of them."""
        read = self._read()
        if not read:
            return []
        known = all(isfinite(row[end]) for row in read for end in ("low_seconds", "high_seconds"))
        cut = "" if known else "; a bar that ends at its diamond goes on beyond the measured lengths"
        return [f"Bars across diamonds: 95 % intervals{cut}"]

    def description(self, score: Score) -> str:
        """What is to be seen of them, for who cannot see it."""
        times = "; ".join(f"{row['arm']} after {row['seconds']:.4g} s" for row in self._read())
        wanted = f"The {short_name(score)} of {start_words(self.reference)} is reached by"
        return f" {wanted} {times}." if times else ""

    def _read(self) -> list[dict[str, Any]]:
        """The rows of the other arms whose time could be read: the reference is there already."""
        rows = self.times.to_dict("records")
        return [
            {str(name): value for name, value in row.items()}
            for row in rows
            if row["arm"] != self.reference and isfinite(row["seconds"])
        ]

    def _lines(self, axes: Axes, on: Sheet, table: pd.DataFrame, score: Score) -> list[Artist]:
        by_arm = table.set_index("arm")
        drawn: list[Artist] = []
        for recipe in self.recipes:
            points = by_arm.loc[[name for name in recipe if name in by_arm.index]]
            if len(points) > 1:
                looks: Looks = {"color": on.theme.muted, "linewidth": 1.0, "alpha": 0.7, "zorder": 1.2}
                drawn += axes.plot(points["time_seconds_mean"], score.factor * points["score_mean"], **looks)
        return drawn
