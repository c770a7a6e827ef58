"""How reports word a contrast's kind, a mean with its spread, and an interval."""

from math import floor, isfinite, log10

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats import Effect
from ablate.stats.score_words import change_words, gain_interval, gain_words
from ablate.stats.sentences import seen_alone
from ablate.stats.wording import NAN, saved_interval, saved_signed
from ablate.study.score import Score

KIND_WORDS = {
    "leave_one_out": "with all others on",
    "add_one_in": "on its own",
    "ladder": "ladder step",
    "screening": "on average over the others",
    "total": "all together",
    "aa": "A/A twin",
    "pair": "pair of arms",
}
"""How a contrast measured its subject."""

NOTHING = "–"
"""In place of what was not measured."""

NOT_MEASURED = "not measured"
"""The same in a column of differences."""

TOTAL = "Total"
"""The row of everything, below those of its parts."""


def mean_and_sd(mean: float, sd: float, decimals: int) -> str:
    """ "94.01 ± 0.13"; without an sd the mean alone; a dash where there is none."""
    if not isfinite(mean):
        return NOTHING
    return f"{mean:.{decimals}f} ± {sd:.{decimals}f}" if isfinite(sd) else f"{mean:.{decimals}f}"


def mean_interval(low: float, high: float, decimals: int) -> str:
    """ "[93.98, 94.04]": the ends of a mean's interval; "" where there is none."""
    return f"[{low:.{decimals}f}, {high:.{decimals}f}]" if isfinite(low) else ""


def decimals_for(sds: ArrayLike) -> int:
    """Decimals that show two digits of a middling sd, one to five; three where there is no sd."""
    values = np.asarray(sds, dtype=np.float64)
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size == 0:
        return 3
    return min(max(1 - floor(log10(float(np.median(positive)))), 1), 5)


def p_number(p: float) -> str:
    """ "0.012", "< 0.0001"; "" where there is none."""
    if not isfinite(p):
        return ""
    return f"{p:.2g}" if p >= 0.0001 else "< 0.0001"


def p_words(p: float, of: str = "p") -> str:
    """ "p = 0.012", "p < 0.0001"; "" where there is none. `of` takes the place of the letter."""
    number = p_number(p)
    return f"{of} {'' if number.startswith('<') else '= '}{number}" if number else ""


def verdict_detail(verdict: str, adjusted_p: float, alone: bool, family: int) -> str:
    """What stands below a verdict: "p (Holm) = 0.2; seen on its own; not settled among 22"; "" where no p-value decided it."""
    if verdict not in ("better", "worse", "inconclusive"):
        return ""
    p = p_words(adjusted_p, of="p (Holm)")
    return "; ".join(filter(None, (p, seen_alone(family) if alone else "")))


def time_saved(effect: Effect) -> str:
    """ "+2.3 %": for a column of time saved, where positive is better."""
    if not isfinite(effect.time_percent):
        return NOT_MEASURED
    return saved_signed(effect.time_saved_percent, effect.time_saved_low_percent, effect.time_saved_high_percent)


def time_interval(effect: Effect) -> str:
    """ "[+2.19, +2.41]", of the time saved in percent; with one process the spread within it, which is no interval."""
    low, high = effect.time_saved_low_percent, effect.time_saved_high_percent
    if isfinite(low):
        return saved_interval(effect.time_saved_percent, low, high)
    if effect.processes == 1 and isfinite(effect.time_within_sd_percent):
        return f"sd {effect.time_within_sd_percent:.2f} %, one process"
    return NOTHING


def score_gain(effect: Effect, score: Score) -> str:
    """ "+0.04 pp": for a column of gains, where positive is better."""
    if not isfinite(effect.score_change):
        return NOT_MEASURED
    if effect.score_verdict == "identical":
        return "identical"
    return gain_words(effect.score_change, score, effect.score_low, effect.score_high)


def score_interval(effect: Effect, score: Score) -> str:
    """ "[−0.02, +0.10]", of the gain in the score's unit."""
    if not isfinite(effect.score_low):
        return NOTHING
    return gain_interval(score, effect.score_low, effect.score_high)


def score_said(effect: Effect, score: Score, *, full: bool = False) -> str:
    """ "+0.04 pp", "lowers validation loss by 0.020 nats [0.010, 0.030]"; `full` names every score and has every interval."""
    if effect.score_verdict == "identical":
        return f"{score.title} identical" if full or score.better == "lower" else "identical"
    ends = (effect.score_low, effect.score_high) if full or score.better == "lower" else (NAN, NAN)
    return change_words(effect.score_change, score, *ends, full=full)
