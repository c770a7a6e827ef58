"""Statements about trials: effects, claims, power, equal accuracy, attribution. Free of torch."""

from ablate.stats.effect import BEYOND_REACH, Effect
from ablate.stats.effects import effects, list_effects
from ablate.stats.frames import arm_summary, trials_frame
from ablate.stats.multiplicity import holm
from ablate.stats.verdicts import Margins, Verdict

__all__ = [
    "BEYOND_REACH",
    "Effect",
    "Margins",
    "Verdict",
    "arm_summary",
    "effects",
    "holm",
    "list_effects",
    "trials_frame",
]
