"""What a frontier shows of a recipe at several lengths: a line through its arms, and when it reaches the score of the reference."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from ablate.plots.sheet import Sheet
from ablate.plots.table import Looks, need_columns
from ablate.stats.equal_accuracy import arms_by_recipe
from ablate.stats.evidence import Evidence
from ablate.stats.readout import FEWEST_LENGTHS
from ablate.stats.score_words import short_name
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import confidence_words, start_words
from ablate.study.score import Score

_ENDS = ("low_seconds", "high_seconds")
_COLUMNS = ("arm", "target_score", "seconds", *_ENDS)


@dataclass(frozen=True, slots=True)
class LengthCurves:
    """A recipe at several lengths beside the reference, and its time of `ablate.stats.equal_accuracy`.

    `recipes` are the arms with the same features from the shortest on: the recipe's, and the reference's where it has several.
    `reference` is the arm whose score is to be reached, `level` that of the interval.
    """

    recipes: tuple[tuple[str, ...], ...]
    reference: str
    times: pd.DataFrame
    level: float = SIGNIFICANCE

    @classmethod
    def of(cls, evidence: Evidence) -> "LengthCurves | None":
        """That of a study; None unless just one recipe besides the reference has lengths to read a time from.

        The times of more lie on one line, at the score to be reached, where nobody could tell whose is whose.
        """
        times = evidence.equal_accuracy
        if times is None:
            return None
        recipes = arms_by_recipe(evidence.resolved.study.arms)
        drawn = {own: arms for own, arms in recipes.items() if len(arms) >= FEWEST_LENGTHS}
        reference = evidence.starting_arm
        if len(drawn.keys() - {reference}) != 1:
            return None
        named = tuple(tuple(arm.name for arm in arms) for arms in drawn.values())
        return cls(recipes=named, reference=reference, times=times, level=evidence.level)

    def draw(self, axes: Axes, on: Sheet, table: pd.DataFrame, score: Score) -> tuple[list[Artist], list[str]]:
        """Draw them among the arms of `table`, that of `ablate.stats.arm_summary`; what the legend is to have of it."""
        handles: list[Artist] = []
        labels: list[str] = []
        lines = self._lines(axes, on, table, score)
        if lines:
            handles.append(lines[0])
            labels.append("one recipe at several lengths")
        row = self._read()
        if row is not None:
            level = score.factor * row["target_score"]
            looks: Looks = {"color": on.theme.total, "linewidth": 1.0, "linestyle": (0, (6, 2, 1, 2)), "zorder": 1}
            axes.axhline(level, **looks)
            # An end beyond the measured lengths is not known; the bar ends at the mark there.
            ends = [row[end] if isfinite(row[end]) else row["seconds"] for end in _ENDS]
            axes.plot(ends, [level, level], color=on.theme.total, linewidth=2.2, solid_capstyle="butt", zorder=2.4)
            mark: Looks = {"marker": "D", "color": on.theme.total, "markersize": 0.5 * on.points, "zorder": 4}
            handles += axes.plot([row["seconds"]], [level], linestyle="none", **mark)
            labels.append(f"time to the {short_name(score)} of {start_words(self.reference)}")
        return handles, labels

    def remarks(self) -> list[str]:
        """What a caption has to say of it."""
        row = self._read()
        if row is None:
            return []
        known = all(isfinite(row[end]) for end in _ENDS)
        cut = "" if known else "; where the bar ends at the diamond it goes on beyond the measured lengths"
        interval = f"{confidence_words(self.level)} interval"
        return [f"Diamond: read off a straight line in logarithms; bar: its {interval}{cut}"]

    def description(self, score: Score) -> str:
        """What is to be seen of it, for who cannot see it."""
        row = self._read()
        if row is None:
            return ""
        reached = f"{row['arm']} after {row['seconds']:.4g} s"
        return f" The {short_name(score)} of {start_words(self.reference)} is reached by {reached}."

    def _read(self) -> dict[str, Any] | None:
        """The row of the recipe; None where its time could not be read."""
        need_columns(self.times, _COLUMNS, "equal-accuracy times", "ablate.stats.equal_accuracy")
        rows = self.times[(self.times["arm"] != self.reference) & np.isfinite(self.times["seconds"])].to_dict("records")
        return {str(name): value for name, value in rows[0].items()} if rows else None

    def _lines(self, axes: Axes, on: Sheet, table: pd.DataFrame, score: Score) -> list[Artist]:
        by_arm = table.set_index("arm")
        drawn: list[Artist] = []
        for recipe in self.recipes:
            points = by_arm.loc[[name for name in recipe if name in by_arm.index]]
            if len(points) > 1:
                looks: Looks = {"color": on.theme.muted, "linewidth": 1.0, "alpha": 0.7, "zorder": 1.2}
                drawn += axes.plot(points["time_seconds_mean"], score.factor * points["score_mean"], **looks)
        return drawn
