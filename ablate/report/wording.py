"""How reports word a contrast's kind, a mean with its spread, and an interval."""

from math import floor, isfinite, log10

import numpy as np
from numpy.typing import ArrayLike

from ablate.stats import Effect
from ablate.stats.wording import accuracy_words, interval_words, time_words

KIND_WORDS = {
    "leave_one_out": "with all others on",
    "add_one_in": "on its own",
    "ladder": "ladder step",
    "total": "all together",
    "aa": "A/A twin",
    "pair": "pair of arms",
}
"""How a contrast measured its subject."""

NOTHING = "–"
"""In place of what was not measured."""


def mean_and_sd(mean: float, sd: float, decimals: int) -> str:
    """ "94.01 ± 0.13"; without an sd the mean alone; a dash where there is none."""
    if not isfinite(mean):
        return NOTHING
    return f"{mean:.{decimals}f} ± {sd:.{decimals}f}" if isfinite(sd) else f"{mean:.{decimals}f}"


def decimals_for(sds: ArrayLike) -> int:
    """Decimals that show two digits of a middling sd, one to five; three where there is no sd."""
    values = np.asarray(sds, dtype=np.float64)
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size == 0:
        return 3
    return min(max(1 - floor(log10(float(np.median(positive)))), 1), 5)


def p_words(p: float) -> str:
    """ "p = 0.012", "p < 0.0001"; "" where there is none."""
    if not isfinite(p):
        return ""
    return f"p = {p:.2g}" if p >= 0.0001 else "p < 0.0001"


def time_change(effect: Effect) -> str:
    """ "2.3 % faster"."""
    return time_words(effect.time_percent) if isfinite(effect.time_percent) else "not measured"


def time_interval(effect: Effect) -> str:
    """ "[−2.41, −2.19] %"; with one process the spread within it, which is no interval."""
    if isfinite(effect.time_low_percent):
        return f"{interval_words(effect.time_low_percent, effect.time_high_percent, 2)} %"
    if effect.processes == 1 and isfinite(effect.time_within_sd_percent):
        return f"sd {effect.time_within_sd_percent:.2f} %, one process"
    return NOTHING


def accuracy_change(effect: Effect) -> str:
    """ "+0.04 pp"."""
    if not isfinite(effect.tta_accuracy_pp):
        return "not measured"
    return "identical" if effect.tta_accuracy_verdict == "identical" else accuracy_words(effect.tta_accuracy_pp)


def accuracy_interval(effect: Effect) -> str:
    """ "[−0.02, +0.10] pp"."""
    if not isfinite(effect.tta_accuracy_low_pp):
        return NOTHING
    return f"{interval_words(effect.tta_accuracy_low_pp, effect.tta_accuracy_high_pp, 2)} pp"
