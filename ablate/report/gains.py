"""Cells of gains: what was saved of the time and gained in score, with the ends of their intervals as small print."""

from math import isfinite

from ablate.report.tables import Cell, order
from ablate.report.wording import NOT_MEASURED
from ablate.stats.score_words import gain_interval, gain_words
from ablate.stats.wording import NAN, saved_interval, saved_signed
from ablate.study.score import Score


def saved_cell(percent: float, low: float = NAN, high: float = NAN, otherwise: str = NOT_MEASURED) -> Cell:
    """Time saved, in percent, an end of its interval that is not known as "?"; `otherwise` where there is no number."""
    if not isfinite(percent):
        return Cell(otherwise)
    ends = saved_interval(percent, low, high)
    return Cell(saved_signed(percent, low, high), order(percent), ends)


def gained_cell(gain: float, low: float, high: float, score: Score) -> Cell:
    """A gain in score, in its unit."""
    if not isfinite(gain):
        return Cell(NOT_MEASURED)
    ends = gain_interval(score, low, high) if isfinite(low) and isfinite(high) else ""
    return Cell(gain_words(gain, score, low, high), order(gain), ends)
