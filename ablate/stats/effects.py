"""What each feature does: with it minus without it, with an interval and a verdict (measurement.md, rules 3 and 4)."""

from collections.abc import Sequence
from dataclasses import asdict, fields, replace

import numpy as np
import pandas as pd

from ablate.stats.averaged import Averaged, averaged
from ablate.stats.blocks import Blocks
from ablate.stats.effect import BEYOND_REACH, Effect
from ablate.stats.intervals import NO_SPREAD, FloatArray, TInterval, correlation, within_process_sd
from ablate.stats.multiplicity import holm, simultaneous
from ablate.stats.pairs import Pairs
from ablate.stats.sentences import headline, note_on, sentence
from ablate.stats.verdicts import SIGNIFICANCE, Margins, Verdict, family_size, judge, more_to_settle
from ablate.stats.wording import percent_of_log, saved_percent_of_log
from ablate.study import Arm, Contrast
from ablate.study.score import TTA_ACCURACY, Score

LEVEL = "level"
"""The attribute of a table of effects that says what its intervals were made at, where that is not 0.05."""

DEFAULT_MARGINS = Margins()
"""The score's own margin, and 0.5 % of time."""


def list_effects(
    frame: pd.DataFrame,
    contrasts: Sequence[Contrast],
    *,
    arms: Sequence[Arm] = (),
    margins: Margins = DEFAULT_MARGINS,
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> tuple[Effect, ...]:
    """The effect of each contrast, in the given order, from a frame of `trials_frame`.

    The score is paired by block; `score` says its unit and which way is better. For time, each process gives one value: the mean
    of log(with / without) over its complete blocks; a block is complete for a contrast when both its arms have a usable trial in it,
    in one process and environment. All contrasts of the call are one family for Holm, per outcome; those too small for a verdict
    are not part of it. Contrasts of kind "screening" are put to all of the study's `arms`; see `averaged`. Intervals are at
    1 - `level`, verdicts at `level`: below 0.05 where a study was looked at more than once, see `ablate.stats.looks`.

    Raises:
        UsageError: `frame` lacks a column that the statistics read, or there is an averaged contrast and no `arms`.
    """
    blocks = Blocks.of(frame)
    averages = averaged(blocks, contrasts, arms)
    pairs = [averages.get(contrast) or Pairs.of(blocks, contrast) for contrast in contrasts]
    scores = [pair.score_gain(score) for pair in pairs]
    times = [pair.log_ratio() for pair in pairs]
    judged = [pair.enough_scores for pair in pairs]
    timed = [pair.enough_times for pair in pairs]
    score_p = np.array([float(s.p) if enough else np.nan for s, enough in zip(scores, judged, strict=True)])
    time_p = np.array([float(t.p) if enough else np.nan for t, enough in zip(times, timed, strict=True)])
    score_holm, time_holm = holm(score_p), holm(time_p)
    return tuple(
        _effect(
            pair,
            margins,
            score,
            score_p_holm=float(score_holm[index]),
            score_family=family_size(score_p),
            time_p_holm=float(time_holm[index]),
            time_family=family_size(time_p),
            level=level,
        )
        for index, pair in enumerate(pairs)
    )


def effects(
    frame: pd.DataFrame,
    contrasts: Sequence[Contrast],
    *,
    arms: Sequence[Arm] = (),
    margins: Margins = DEFAULT_MARGINS,
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> pd.DataFrame:
    """`list_effects` as a table: one row a contrast, the fields of `Effect` as columns.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    return effects_frame(list_effects(frame, contrasts, arms=arms, margins=margins, score=score, level=level))


def effects_frame(listed: Sequence[Effect]) -> pd.DataFrame:
    """Effects that were computed already as a table: one row each, the fields of `Effect` as columns."""
    return pd.DataFrame([asdict(effect) for effect in listed], columns=[field.name for field in fields(Effect)])


def _effect(
    pairs: Pairs | Averaged,
    margins: Margins,
    score: Score,
    *,
    score_p_holm: float,
    score_family: int,
    time_p_holm: float,
    time_family: int,
    level: float,
) -> Effect:
    confidence = 1 - level
    gain = pairs.score_gain(score, confidence=confidence)
    plain, time = pairs.accuracy_difference(confidence=confidence), pairs.log_ratio(confidence=confidence)
    band = margins.score_band(score)
    score_verdict = _verdict(gain, score_p_holm, band, pairs.enough_scores, level, more_is_better=True)
    time_verdict = _verdict(time, time_p_holm, margins.log_time, pairs.enough_times, level, more_is_better=False)
    # A contrast too small for a verdict is no part of its family.
    score_ends = simultaneous(gain, score_family if np.isfinite(score_p_holm) else 0, confidence)
    time_ends = simultaneous(time, time_family if np.isfinite(time_p_holm) else 0, confidence)
    contrast = pairs.contrast
    without_is_arm = contrast.kind == "leave_one_out"
    sign = -1.0 if without_is_arm else 1.0
    with_score, without_score = _means(pairs.score)
    with_seconds, without_seconds = _means(np.exp(pairs.log_time))
    effect = Effect(
        subject=contrast.subject,
        kind=contrast.kind,
        with_arm=contrast.with_arm,
        without_arm=contrast.without_arm,
        blocks=len(pairs.score),
        time_blocks=len(pairs.log_time),
        processes=time.n,
        score_change=score.factor * float(gain.mean),
        score_low=score.factor * float(gain.low),
        score_high=score.factor * float(gain.high),
        score_family_low=score.factor * score_ends[0],
        score_family_high=score.factor * score_ends[1],
        score_family=score_family,
        score_sd=score.factor * pairs.block_sd(gain),
        score_correlation=correlation(pairs.score[:, 0], pairs.score[:, 1]),
        score_p=float(gain.p),
        score_p_holm=score_p_holm,
        score_verdict=score_verdict,
        score_more_blocks=pairs.in_blocks(_more(score_verdict, gain, band, score_family, level)),
        accuracy_pp=100 * float(plain.mean),
        accuracy_low_pp=100 * float(plain.low),
        accuracy_high_pp=100 * float(plain.high),
        accuracy_sd_pp=100 * pairs.block_sd(plain),
        accuracy_correlation=_finite_correlation(pairs.accuracy),
        accuracy_p=float(plain.p),
        time_saved_percent=saved_percent_of_log(float(time.mean)),
        time_saved_low_percent=saved_percent_of_log(float(time.high)),
        time_saved_high_percent=saved_percent_of_log(float(time.low)),
        time_saved_family_low_percent=saved_percent_of_log(time_ends[1]),
        time_saved_family_high_percent=saved_percent_of_log(time_ends[0]),
        time_family=time_family,
        time_percent=percent_of_log(float(time.mean)),
        time_low_percent=percent_of_log(float(time.low)),
        time_high_percent=percent_of_log(float(time.high)),
        time_sd_percent=100 * float(time.sd),
        time_within_sd_percent=100 * within_process_sd(pairs.log_time[:, 0] - pairs.log_time[:, 1], pairs.process),
        time_p=float(time.p),
        time_p_holm=time_p_holm,
        time_verdict=time_verdict,
        time_more_processes=_more(time_verdict, time, margins.log_time, time_family, level),
        with_score=with_score,
        without_score=without_score,
        with_time_seconds=with_seconds,
        without_time_seconds=without_seconds,
        arm=contrast.without_arm if without_is_arm else contrast.with_arm,
        reference=contrast.with_arm if without_is_arm else contrast.without_arm,
        raw_score_change=sign * score.sign * score.factor * float(gain.mean),
        raw_accuracy_pp=sign * 100 * float(plain.mean),
        raw_time_seconds=sign * (with_seconds - without_seconds),
        raw_time_percent=percent_of_log(sign * float(time.mean)),
    )
    note = note_on(effect, pairs, score)
    effect = replace(effect, note=note)
    return replace(effect, headline=headline(effect, score), sentence=sentence(effect, score))


def _verdict(
    interval: TInterval, p_holm: float, band: tuple[float, float], enough: bool, level: float, *, more_is_better: bool
) -> Verdict:
    if not enough:
        return "no verdict"
    mean, sd = float(interval.mean), float(interval.sd)
    if sd <= NO_SPREAD:
        return "identical" if abs(mean) <= NO_SPREAD else "no verdict"
    low, high = float(interval.low), float(interval.high)
    return judge(
        mean=mean, low=low, high=high, adjusted_p=p_holm, band=band, more_is_better=more_is_better, level=level
    )


def _more(verdict: Verdict, interval: TInterval, band: tuple[float, float], family: int, level: float) -> int:
    if verdict != "inconclusive":
        return 0
    more = more_to_settle(
        mean=float(interval.mean),
        sd=float(interval.sd),
        count=interval.n,
        band=band,
        family_size=family,
        level=level,
    )
    return BEYOND_REACH if more is None else more


def _means(pairs: FloatArray) -> tuple[float, float]:
    if len(pairs) == 0:
        return (float("nan"), float("nan"))
    return (float(pairs[:, 0].mean()), float(pairs[:, 1].mean()))


def _finite_correlation(pairs: FloatArray) -> float:
    finite = np.isfinite(pairs).all(axis=1)
    return correlation(pairs[finite, 0], pairs[finite, 1])
