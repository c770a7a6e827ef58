"""Which features only work together, or get in each other's way: pairwise interactions of a factorial study."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from ablate.stats.blocks import Blocks
from ablate.stats.intervals import FloatArray, TInterval, process_means, t_interval
from ablate.stats.multiplicity import holm
from ablate.stats.score_words import times_alone
from ablate.stats.shapley import all_players, coalitions
from ablate.stats.verdicts import FEWEST_BLOCKS, SIGNIFICANCE
from ablate.stats.wording import counted, percent_of_log, saved_percent_of_log
from ablate.study import Arm
from ablate.study.score import TTA_ACCURACY, Score

PAIR_WEIGHTS: FloatArray = np.array([1.0, -1.0, -1.0, 1.0])
"""How an interaction is made of four arms: neither, the first alone, the second alone, both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """The effect of `first` and `second` together minus the sum of their effects alone, with 95 % intervals.

    `score_…` in the unit of the score (percentage points of TTA accuracy) and `time_saved_…` in percent: positive is more gain
    than the sum, better together. Effects on
    time multiply, so the sum is one of logarithms; `time_percent` and its ends are the raw change, positive is slower.
    `…_stands_out` is a Holm-adjusted p below 0.05 over all pairs, with at least five blocks. What could not be computed is NaN,
    and `note` says why.
    """

    first: str
    second: str
    blocks: int = 0
    time_blocks: int = 0
    processes: int = 0
    score_change: float = float("nan")
    score_low: float = float("nan")
    score_high: float = float("nan")
    score_p: float = float("nan")
    score_p_holm: float = float("nan")
    score_stands_out: bool = False
    time_saved_percent: float = float("nan")
    time_saved_low_percent: float = float("nan")
    time_saved_high_percent: float = float("nan")
    time_percent: float = float("nan")
    time_low_percent: float = float("nan")
    time_high_percent: float = float("nan")
    time_p: float = float("nan")
    time_p_holm: float = float("nan")
    time_stands_out: bool = False
    note: str = ""


def interactions(
    frame: pd.DataFrame,
    arms: Iterable[Arm],
    *,
    players: Sequence[str] | None = None,
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> pd.DataFrame:
    """The interaction of every pair of `players` (default: every name that an arm has), one row a pair, fields as columns.

    Each pair needs four arms: neither, each alone, both; a pair that lacks one has a note instead of numbers.
    Intervals are at 1 - `level`, and what stands out does so at `level`.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    blocks = Blocks.of(frame)
    by_features = coalitions(arms)
    names = tuple(players) if players is not None else all_players(by_features)
    pairs = list(combinations(names, 2))
    measured = [_measure(blocks, by_features, pair, score, 1 - level) for pair in pairs]
    scored, timed = np.array([[each.blocks, each.time_blocks] for each in measured]).reshape(-1, 2).T >= FEWEST_BLOCKS
    score_holm = holm(np.where(scored, [float(each.gain.p) for each in measured], np.nan))
    time_holm = holm(np.where(timed, [float(each.time.p) for each in measured], np.nan))
    rows = [
        Interaction(
            first=first,
            second=second,
            blocks=each.blocks,
            time_blocks=each.time_blocks,
            processes=each.time.n,
            score_change=float(each.gain.mean),
            score_low=float(each.gain.low),
            score_high=float(each.gain.high),
            score_p=float(each.gain.p),
            score_p_holm=float(score_holm[index]),
            score_stands_out=bool(score_holm[index] < level),
            time_saved_percent=saved_percent_of_log(float(each.time.mean)),
            time_saved_low_percent=saved_percent_of_log(float(each.time.high)),
            time_saved_high_percent=saved_percent_of_log(float(each.time.low)),
            time_percent=percent_of_log(float(each.time.mean)),
            time_low_percent=percent_of_log(float(each.time.low)),
            time_high_percent=percent_of_log(float(each.time.high)),
            time_p=float(each.time.p),
            time_p_holm=float(time_holm[index]),
            time_stands_out=bool(time_holm[index] < level),
            note=each.note,
        )
        for index, ((first, second), each) in enumerate(zip(pairs, measured, strict=True))
    ]
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(Interaction)])


class _Measured(NamedTuple):
    """A pair's intervals and how many blocks stand behind the score and behind the time."""

    blocks: int
    time_blocks: int
    gain: TInterval
    time: TInterval
    note: str


def _measure(
    blocks: Blocks, by_features: dict[frozenset[str], str], pair: tuple[str, str], score: Score, confidence: float
) -> _Measured:
    first, second = pair
    nothing = t_interval([])
    needed = [frozenset[str](), frozenset({first}), frozenset({second}), frozenset(pair)]
    untrained = [" + ".join(sorted(features)) or "neither" for features in needed if features not in by_features]
    if untrained:
        lacking = f"this study has no arm with {' nor with '.join(untrained)} on and all else off"
        return _Measured(0, 0, nothing, nothing, f"{lacking}; an interaction takes neither, each alone, and both")
    four = [by_features[features] for features in needed]
    absence = blocks.mixed_data or blocks.missing(four)
    whole = timed = np.zeros(0, dtype=np.bool_)
    if not absence:
        whole, timed = blocks.complete(four, same_process=False), blocks.complete(four, same_process=True)
        absence = "" if whole.any() or timed.any() else "no block has a usable trial of all four arms"
    if absence:
        return _Measured(0, 0, nothing, nothing, absence)
    columns = blocks.columns_of(four)
    gain = t_interval(
        score.sign * score.factor * blocks.score[np.ix_(whole, columns)] @ PAIR_WEIGHTS, confidence=confidence
    )
    log_ratio = blocks.log_time[np.ix_(timed, columns)] @ PAIR_WEIGHTS
    time = t_interval(process_means(log_ratio, blocks.process[timed, columns[0]]), confidence=confidence)
    scored = int(whole.sum())
    why_untimed = blocks.why_untimed("no block ran all four arms in one process, so their times cannot be compared")
    return _Measured(scored, int(timed.sum()), gain, time, _note(scored, time.n, score, why_untimed))


def _note(whole: int, processes: int, score: Score, why_untimed: str) -> str:
    remarks = []
    if whole == 0:
        remarks.append(times_alone(score))
    elif whole < FEWEST_BLOCKS:
        remarks.append(f"{counted(whole, 'block')}: numbers and no verdict; run at least {FEWEST_BLOCKS}")
    if processes == 0:
        remarks.append(why_untimed)
    elif processes == 1:
        remarks.append("one process: no interval of time; run the study with --processes 5")
    return "; ".join(remarks)
