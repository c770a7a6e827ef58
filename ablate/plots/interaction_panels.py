"""The two outcomes of a map of interactions, and where a table holds their numbers."""

from typing import NamedTuple

import pandas as pd

from ablate.stats.score_words import decimals_for_gains, gain_name, with_unit
from ablate.stats.verdicts import Margins
from ablate.study.score import Score

_MARGINS = Margins()


class Panel(NamedTuple):
    """One outcome; `full_scale` is the least that the strongest colour stands for, so that trifles stay pale."""

    value: str
    low: str
    high: str
    stands_out: str
    name: str
    decimals: int
    full_scale: float


COLUMNS = {
    "time": ("time_saved_percent", "time_saved_low_percent", "time_saved_high_percent", "time_stands_out"),
    "score": ("score_change", "score_low", "score_high", "score_stands_out"),
}


def panels_of(data: pd.DataFrame, score: Score) -> dict[str, Panel]:
    """The panel of time and that of the score."""
    gains = zip(data["score_change"], data["score_low"], data["score_high"], strict=True)
    name = with_unit(gain_name(score), score.unit)
    return {
        "time": Panel(*COLUMNS["time"], "Time saved (%)", 1, 2 * _MARGINS.time_percent),
        "score": Panel(*COLUMNS["score"], name, decimals_for_gains(score, gains), 2 * score.margin),
    }
