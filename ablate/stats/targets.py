"""How many of an arm's trials reach a target: what a mean beyond it does not say."""

from math import isfinite

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.stats.frames import check_frame, usable
from ablate.stats.intervals import CONFIDENCE, FloatArray
from ablate.stats.score_words import is_percentage, short_name, value_unit
from ablate.study.score import TTA_ACCURACY, Score

COLUMNS = ("arm", "n", "above", "share", "share_low", "share_high")
"""The columns of `shares_above`."""

_ROUNDING = 1e-7
"""What a score in single precision may lack of the number it stands for, as a part of it; accuracies step by 1e-5 or more."""


def shares_above(trials: pd.DataFrame, target_score: float, *, score: Score = TTA_ACCURACY) -> pd.DataFrame:
    """The share of each arm's usable trials at `target_score` or better, one row an arm in order of first appearance.

    `target_score` is in the unit that trials hold: 0.94 for 94 %. `above` of `n` trials with a score are at or above it, or at or
    below it where less is better. `share`, a fraction, has the ends of its 95 % Wilson interval in `share_low` and `share_high`;
    all three are NaN where no trial has a score. Trials are taken as independent, which scores are.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", J. Am. Stat. Assoc. 22 (1927)
    209-212, as `statsmodels.stats.proportion.proportion_confint` computes it.

    Raises:
        UsageError: `trials` lacks a column that the statistics read, or the score cannot reach the target.
    """
    check_frame(trials)
    check_reachable(target_score, score)
    counted = usable(trials)
    rows = []
    for arm, group in trials.groupby("arm", sort=False):
        scores = group["score"][counted.loc[group.index]].to_numpy(dtype=np.float64)
        scores = scores[np.isfinite(scores)]
        rows.append(_row(str(arm), scores.size, int(reaches(scores, target_score, score).sum())))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def reaches(values: FloatArray, target_score: float, score: Score) -> np.ndarray:
    """Which of `values` `(n,)` are at `target_score` or better, all as trials hold them; booleans `(n,)`."""
    slack = _ROUNDING * abs(target_score)
    return np.asarray(score.sign * (values - target_score) >= -slack)


def _row(arm: str, n: int, above: int) -> dict[str, object]:
    # Loaded where it is used: it takes longer to load than all other statistics.
    from statsmodels.stats.proportion import proportion_confint

    nan = float("nan")
    low, high = proportion_confint(above, n, alpha=1 - CONFIDENCE, method="wilson") if n else (nan, nan)
    share = above / n if n else nan
    # Of none and of all the formula gives the end itself, but for rounding.
    low, high = 0.0 if above == 0 and n else float(low), 1.0 if above == n and n else float(high)
    return dict(zip(COLUMNS, (arm, n, above, share, low, high), strict=True))


def check_reachable(target_score: float, score: Score) -> None:
    """See that a target, in the unit that trials hold, is one that a trial could reach.

    Raises:
        UsageError: it is not finite, or for a percentage not from none to all.
    """
    whole = 100 / score.factor
    if not isfinite(target_score):
        raise UsageError(f"target {short_name(score)} {target_score}: give a finite number.")
    if is_percentage(score) and not 0 <= target_score <= whole:
        raise UsageError(
            f"target {short_name(score)} {target_score:g}: give a number from 0 to {whole:g}, as trials hold it."
        )


def as_trials_hold(target: float, score: Score) -> float:
    """A target as people write it, 94 or 0.94 for 94 %, in the unit that trials hold: 0.94.

    Of a percentage of which more is better a number below 1 is a fraction; of one of which less is, 0.5 is half a percent.

    Raises:
        UsageError: the score could not reach it.
    """
    if not isfinite(target):
        raise UsageError(f"--target {target}: give a finite number of {value_unit(score) or score.title}.")
    if not is_percentage(score):
        return target / score.factor
    percent = 100 * target if score.better == "higher" and 0 < target < 1 else target
    if not 0 <= percent <= 100 or (percent == 0 and score.better == "higher"):
        raise UsageError(f"--target {target:g} is {target:g} % of {score.title}; give a percentage, such as 94.")
    return percent / score.factor


def target_words(target_score: float, score: Score) -> str:
    """ "94 %", "3.28 nats": a target with all its digits, from the unit that trials hold."""
    return f"{score.factor * target_score:.10g} {value_unit(score)}".rstrip()


def reached_words(target_score: float, score: Score) -> str:
    """ "94 % or more", "3.28 nats or less"."""
    return f"{target_words(target_score, score)} or {'more' if score.better == 'higher' else 'less'}"


def percent_words(above: int, n: int) -> str:
    """ "84 %", "33.3 %", for one trial or more: a share that is neither none nor all is never rounded to it."""
    percent = 100 * above / n
    decimals = next(
        (few for few in range(3) if float(f"{percent:.{few}f}") == percent),
        next((few for few in (1, 2) if 0 < float(f"{percent:.{few}f}") < 100), 3),
    )
    return f"{percent:.{decimals}f} %"


def share_interval(low: float, high: float) -> str:
    """ "[75.6, 89.9]", in percent, from fractions; "" where there is none."""
    return f"[{100 * low:.1f}, {100 * high:.1f}]" if isfinite(low) else ""
