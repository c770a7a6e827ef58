"""An improvement divided among features: what a ladder's rungs and Shapley values have in common."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np
import pandas as pd

from ablate.stats.blocks import Blocks
from ablate.stats.intervals import FloatArray, TInterval, process_means, t_interval
from ablate.stats.score_words import short_name, times_alone
from ablate.stats.verdicts import FEWEST_BLOCKS, SIGNIFICANCE
from ablate.stats.wording import counted
from ablate.study.arms import BASELINE
from ablate.study.score import Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one subject contributes, with 95 % intervals: score gained in its unit (pp of TTA accuracy), time saved in percent of
    the baseline's.

    Positive is better in both. A NaN interval means that the trials allow none; the attribution's note says why.
    """

    subject: str
    score_change: float
    score_low: float
    score_high: float
    score_p: float
    time_saved_percent: float
    time_saved_low_percent: float
    time_saved_high_percent: float
    time_saved_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """Shares that add up to `total`, from `blocks` blocks (score) and `time_blocks` blocks of `processes` processes (time).

    They start from `first_arm`, which what follows calls the baseline, are made of `arm_count` arms, and are averages over the other
    subjects being on or off if `averaged`; `baseline_seconds` and `final_seconds` are the means of the arms at both ends over those
    blocks. Without shares, `total` is None and `note` says why;
    with shares, `note` says what to know before believing them, or nothing.
    """

    shares: tuple[Share, ...] = ()
    total: Share | None = None
    first_arm: str = BASELINE
    arm_count: int = 0
    averaged: bool = False
    blocks: int = 0
    time_blocks: int = 0
    processes: int = 0
    baseline_seconds: float = float("nan")
    final_seconds: float = float("nan")
    baseline_score: float = float("nan")
    final_score: float = float("nan")
    note: str = ""

    def table(self) -> pd.DataFrame:
        """One row a share, the fields of `Share` as columns."""
        return pd.DataFrame([asdict(share) for share in self.shares], columns=[field.name for field in fields(Share)])


def attribute(
    blocks: Blocks,
    arms: Sequence[str],
    *,
    subjects: Sequence[str],
    weights: FloatArray,
    first: int,
    last: int,
    score: Score,
    level: float = SIGNIFICANCE,
) -> Attribution:
    """Divide the way from arm `first` to arm `last` among `subjects`, each a weighted sum of arms.

    `weights` is `(subjects, arms)`: how a subject's share is made of the arms' scores and times. Only blocks with a usable
    trial of every arm count. Each block gives one value of the score; each process one mean of log(arm / first), of which
    `time_shares` makes the shares. The total is the effect of the last arm against the first, interval included.
    Intervals are at 1 - `level`.
    """
    absence = blocks.mixed_data or blocks.missing(arms)
    if absence:
        return Attribution(note=absence)
    whole, timed = blocks.complete(arms, same_process=False), blocks.complete(arms, same_process=True)
    if not (whole.any() or timed.any()):
        return Attribution(note=f"no block has a usable trial of all {len(arms)} arms")
    columns = blocks.columns_of(arms)
    scores, log_time = blocks.score[np.ix_(whole, columns)], blocks.log_time[np.ix_(timed, columns)]
    process = blocks.process[timed, columns[0]]
    means = process_means(log_time.T, process)
    unit = score.sign * score.factor
    gains = t_interval(unit * score_shares(scores, weights).T, confidence=1 - level)
    time = t_interval(100 * time_shares(means.T, weights, first).T, confidence=1 - level)
    way = np.zeros((1, len(arms)))
    way[0, [first, last]] = (-1.0, 1.0)
    total_gain = t_interval(unit * score_shares(scores, way).T, confidence=1 - level)
    total_time = _saved(t_interval(means[last] - means[first], confidence=1 - level))
    environments = blocks.environments_of(arms, whole if whole.any() else timed)
    why_untimed = blocks.why_untimed("no block ran all arms in one process, so their times cannot be compared")
    note = _note(int(whole.sum()), blocks.torn(arms), time.n, environments, score, why_untimed)
    seconds = np.exp(log_time).mean(axis=0) if means.size else np.full(len(arms), np.nan)
    mean_scores = scores.mean(axis=0) if scores.size else np.full(len(arms), np.nan)
    return Attribution(
        shares=tuple(_share(subject, index, gains, time) for index, subject in enumerate(subjects)),
        total=_share("total", 0, total_gain, total_time),
        first_arm=arms[first],
        arm_count=len(arms),
        blocks=int(whole.sum()),
        time_blocks=int(timed.sum()),
        processes=time.n,
        baseline_seconds=float(seconds[first]),
        final_seconds=float(seconds[last]),
        baseline_score=float(mean_scores[first]),
        final_score=float(mean_scores[last]),
        note=note,
    )


def score_shares(scores: FloatArray, weights: FloatArray) -> FloatArray:
    """Each subject's share of the score, block by block: `(…, arms)` and `(subjects, arms)` to `(…, subjects)`."""
    return np.asarray(scores @ weights.T)


def time_shares(mean_log_time: FloatArray, weights: FloatArray, first: int) -> FloatArray:
    """Each subject's saving as a fraction of the time of arm `first`: `(…, processes, arms)` to `(…, processes, subjects)`.

    `mean_log_time` is each process's mean log of seconds. An arm's relative time is exp(mean over processes of its log ratio to
    `first`), the estimator of `effects`, and shares are linear in it, so that they add up to the effect of the whole. The values
    by process are the first order around that mean: their own mean is the share, their spread its error.

    Source: the delta method.
    """
    log_ratio = mean_log_time - mean_log_time[..., first : first + 1]
    if log_ratio.shape[-2] == 0:
        return np.empty((*log_ratio.shape[:-1], len(weights)))
    centre = log_ratio.mean(axis=-2, keepdims=True)
    relative = np.exp(centre) * (1 + log_ratio - centre)
    return np.asarray(-relative @ weights.T)


def _saved(log_ratio: TInterval) -> TInterval:
    """The interval of a log ratio as that of the time saved in percent, with the ends where an effect has them."""
    mean, low, high = (-100 * np.expm1(np.atleast_1d(end)) for end in (log_ratio.mean, log_ratio.high, log_ratio.low))
    return log_ratio._replace(mean=mean, low=low, high=high, p=np.atleast_1d(log_ratio.p))


def _share(subject: str, index: int, gain: TInterval, time: TInterval) -> Share:
    return Share(
        subject=subject,
        score_change=float(gain.mean[index]),
        score_low=float(gain.low[index]),
        score_high=float(gain.high[index]),
        score_p=float(gain.p[index]),
        time_saved_percent=float(time.mean[index]),
        time_saved_low_percent=float(time.low[index]),
        time_saved_high_percent=float(time.high[index]),
        time_saved_p=float(time.p[index]),
    )


def _note(whole: int, torn: int, processes: int, environments: int, score: Score, why_untimed: str) -> str:
    remarks = []
    if whole == 0:
        remarks.append(times_alone(score))
    elif whole < FEWEST_BLOCKS:
        remarks.append(f"{counted(whole, 'complete block')}: numbers and no verdict; run at least {FEWEST_BLOCKS}")
    if processes == 0:
        remarks.append(why_untimed)
    elif torn:
        remarks.append(f"{counted(torn, 'block')} torn between processes, counted for {short_name(score)} only")
    if processes == 1:
        remarks.append("one process: no interval of time; run the study with --processes 5")
    if environments > 1:
        remarks.append(f"the blocks ran in {environments} environments: machine or versions changed in between")
    return "; ".join(remarks)
