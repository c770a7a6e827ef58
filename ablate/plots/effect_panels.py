"""The two outcomes of a forest plot, where a table of effects holds their numbers, and what each kind of effect is measured against."""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from ablate.stats.score_words import gain_name, short_name, with_unit
from ablate.stats.verdicts import Margins
from ablate.stats.wording import AVERAGED, start_words
from ablate.study.arms import BASELINE
from ablate.study.score import Score

KIND_TITLES: Mapping[str, str] = {
    "leave_one_out": "with all the others on",
    "add_one_in": "on its own",
    "ladder": "as a step of the ladder",
    "screening": AVERAGED,
    "total": "all together",
    "pair": "one arm against another",
    "aa": "the same recipe twice (nothing to find)",
}
"""How the effects of each kind of contrast are measured."""

_FROM_THE_START = frozenset({"add_one_in", "total"})
"""Kinds whose effects are all over one arm, the one that a study starts from."""


class Panel(NamedTuple):
    """One outcome: where its numbers stand in the table, and how its axis and its margin are named."""

    value: str
    low: str
    high: str
    verdict: str
    family_low: str
    family_high: str
    family: str
    margin: float
    name: str
    unit: str
    margin_unit: str


def panels_of(margins: Margins, score: Score) -> dict[str, Panel]:
    """The panel of time and that of the score."""
    change = f"change of {score.title}" if score.better == "higher" else gain_name(score)
    return {
        "time": Panel(
            "time_saved_percent",
            "time_saved_low_percent",
            "time_saved_high_percent",
            "time_verdict",
            "time_saved_family_low_percent",
            "time_saved_family_high_percent",
            "time_family",
            margins.time_percent,
            "Time saved (%)",
            "time",
            "% of time",
        ),
        "score": Panel(
            "score_change",
            "score_low",
            "score_high",
            "score_verdict",
            "score_family_low",
            "score_family_high",
            "score_family",
            margins.of_score(score),
            with_unit(change, score.unit),
            short_name(score),
            score.unit or score.title,
        ),
    }


def kind_title(table: pd.DataFrame, kind: str) -> str:
    """How a table's effects of a kind are measured, and over which arm where that is one for all of them."""
    title = KIND_TITLES.get(kind, kind)
    if kind not in _FROM_THE_START:
        return title
    starts = set(table["without_arm"][table["kind"] == kind]) if "without_arm" in table.columns else {BASELINE}
    return f"{title}, over {start_words(starts.pop())}" if len(starts) == 1 else title
