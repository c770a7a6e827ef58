"""What a recipe's score is worth in time: how long each takes to the same mean score (measurement.md, rule 7)."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from math import ceil, exp, isfinite, log, log1p
from typing import Any

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.stats.blocks import Blocks
from ablate.stats.intervals import process_means
from ablate.stats.readout import FEWEST_LENGTHS, Curve, Reading
from ablate.stats.score_words import is_percentage, short_name
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import percent_of_log
from ablate.study import Arm
from ablate.study.score import TTA_ACCURACY, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualAccuracy:
    """The time at which `arm` reaches `target_score` (as trials hold it) on average, with 95 % intervals.

    `own_seconds` is its time at its own length. `time_percent` compares `seconds` with the reference's at the same score;
    negative is faster. `log_slope` is the local fall of log error (see `equal_accuracy`) by
    log time. `blocks_for_one_percent` estimates how many
    blocks would bring the interval down to ±1 % (0: unknown). An end of an interval beyond the measured lengths is NaN, as is
    everything that could not be read off; `note` says why.
    """

    arm: str
    target_score: float
    lengths: int = 0
    blocks: int = 0
    processes: int = 0
    own_seconds: float = float("nan")
    seconds: float = float("nan")
    low_seconds: float = float("nan")
    high_seconds: float = float("nan")
    time_percent: float = float("nan")
    time_low_percent: float = float("nan")
    time_high_percent: float = float("nan")
    log_slope: float = float("nan")
    blocks_for_one_percent: int = 0
    note: str = ""


def equal_accuracy(
    frame: pd.DataFrame,
    arms: Iterable[Arm],
    *,
    reference: str = "baseline",
    target_score: float | None = None,
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> pd.DataFrame:
    """For each arm with three or more lengths, the time to the target score; one row an arm, fields as columns.

    `target_score` is as trials hold it, such as a fraction; by default the mean of the arm `reference` at its own length, and then the
    reference needs no other. That mean is left out and put back together with the arms' trials when the interval is made. Arms with
    fewer lengths have a note instead of a time. Log error is taken as linear in log time near the target: of a percentage its distance
    from 100 %, of a score of which less is better the score itself, which must be above zero. Other scores have no error, and a note
    instead of a time. Nothing is read off beyond the measured lengths. Intervals, at 1 - `level`: jackknife over blocks for the scores
    and over processes for the times, joined with Welch-Satterthwaite degrees of freedom.

    Raises:
        UsageError: the target is no score (between 0 and 1 for a fraction), or `frame` lacks a column that the statistics read.
    """
    if target_score is not None:
        check_target(target_score, score)
    blocks = Blocks.of(frame)
    families = arms_by_recipe(arms)
    rows = [
        _measure(blocks, own, members, families.get(reference, ()), reference, target_score, score, 1 - level)
        for own, members in families.items()
    ]
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(EqualAccuracy)])


def arms_by_recipe(arms: Iterable[Arm]) -> dict[str, tuple[Arm, ...]]:
    """Arms with the same features at their lengths, the shortest first, by the name of the one at its own length; no twins."""
    members: dict[frozenset[str], list[Arm]] = {}
    for arm in arms:
        if arm.stream == 0:
            members.setdefault(arm.features, []).append(arm)
    return {
        own.name: tuple(sorted(family, key=lambda arm: arm.length))
        for family in members.values()
        for own in family
        if own.length == 1.0
    }


def _measure(
    blocks: Blocks,
    own: str,
    members: Sequence[Arm],
    reference_members: Sequence[Arm],
    reference: str,
    target: float | None,
    score: Score,
    confidence: float,
) -> EqualAccuracy:
    refused = EqualAccuracy(arm=own, target_score=float("nan") if target is None else target)
    sets_target = own == reference and target is None
    # Its own time takes no other length.
    names = [own] if sets_target else [arm.name for arm in members]
    if score.better == "higher" and not is_percentage(score):
        return _with_note(
            refused,
            f"times are read off at equal percentages or at equal scores of which less is better; {score.title} is neither",
        )
    if len(names) < FEWEST_LENGTHS and not sets_target:
        lengths = "at one length" if len(names) == 1 else f"at {len(names)} lengths"
        return _with_note(
            refused, f"arm '{own}' ran {lengths}; equal {short_name(score)} needs {FEWEST_LENGTHS}: a 'lengths' design"
        )
    reference_names = [reference] if target is None else [arm.name for arm in reference_members] or names[:1]
    every = list(dict.fromkeys([*names, *reference_names]))
    absence = blocks.mixed_data or blocks.missing(every)
    if absence:
        return _with_note(refused, absence)
    whole, timed = blocks.complete(every, same_process=False), blocks.complete(every, same_process=True)
    if whole.sum() < 2 or not timed.any():
        return _with_note(refused, f"fewer than two blocks have a usable trial of all {len(every)} arms this takes")
    scores = blocks.score[np.ix_(whole, blocks.columns_of(every))].T
    log_time = blocks.log_time[np.ix_(timed, blocks.columns_of(every))].T
    process_log_time = process_means(log_time, blocks.process[timed, blocks.column[every[0]]])
    errors = _error(scores, score)
    rows = [every.index(name) for name in names]
    reference_rows = [every.index(name) for name in reference_names]
    curve = Curve.of(process_log_time[rows], errors[rows])
    anchor = Curve.of(process_log_time[reference_rows], errors[reference_rows])
    start = EqualAccuracy(
        arm=own,
        target_score=float(_error(anchor.errors[0, 0], score)) if target is None else target,
        lengths=len(members),
        blocks=int(whole.sum()),
        processes=process_log_time.shape[1],
        own_seconds=exp(curve.log_times[names.index(own), 0]),
    )
    if sets_target:
        seconds = start.own_seconds
        fixed = {"seconds": seconds, "low_seconds": seconds, "high_seconds": seconds, "time_percent": 0.0}
        return EqualAccuracy(
            **(asdict(start) | fixed | {"note": "the reference sets the target, so this is its own time"})
        )
    return _read(start, curve, anchor, target, own == reference, score, confidence)


def check_target(target: float, score: Score) -> None:
    """See that a target is one that the score could reach.

    Raises:
        UsageError: it is not finite, or for a percentage not between none and all.
    """
    whole = 100 / score.factor
    if is_percentage(score) and not 0 < target < whole:
        part = "a fraction between 0 and 1, such as 0.94" if whole == 1 else f"a number between 0 and {whole:g}"
        raise UsageError(f"target {short_name(score)} {target:g}: give {part}.")
    if not isfinite(target):
        raise UsageError(f"target {short_name(score)} {target}: give a finite number.")


def _error(values: Any, score: Score) -> Any:
    """What falls as training goes on, from scores, and scores from it: the distance from 100 %, or the score itself."""
    return 100 / score.factor - values if is_percentage(score) else values


def _read(
    start: EqualAccuracy,
    curve: Curve,
    anchor: Curve,
    target: float | None,
    is_reference: bool,
    score: Score,
    confidence: float,
) -> EqualAccuracy:
    if curve.touches_zero or anchor.touches_zero or (target is not None and _error(target, score) <= 0):
        if is_percentage(score):
            return _with_note(start, f"a mean {short_name(score)} of 100 % leaves no error to draw a line through")
        return _with_note(start, f"a {score.title} of zero or less has no logarithm to draw a line through")
    reading = Reading.of(curve, anchor, log_target=None if target is None else log(_error(target, score)))
    time, ratio = reading.log_time, reading.log_ratio
    if not reading.falls:
        return _with_note(
            start,
            f"{'error' if is_percentage(score) else score.title} does not fall measurably with time at these lengths: "
            "run more blocks or other lengths",
        )
    if not curve.shortest <= time.value <= curve.longest:
        which = "shorter" if time.value < curve.shortest else "longer"
        return _with_note(start, f"the target lies beyond the measured lengths: add a {which} one")
    low, high = time.interval(confidence)
    ratio_low, ratio_high = (0.0, 0.0) if is_reference else ratio.interval(confidence)
    fast_end, slow_end = low >= curve.shortest, high <= curve.longest
    nan = float("nan")
    half_width = high - time.value
    found = {
        "seconds": exp(time.value),
        "low_seconds": exp(low) if fast_end else nan,
        "high_seconds": exp(high) if slow_end else nan,
        "time_percent": percent_of_log(ratio.value),
        "time_low_percent": percent_of_log(ratio_low) if fast_end else nan,
        "time_high_percent": percent_of_log(ratio_high) if slow_end else nan,
        "log_slope": reading.log_slope.value,
        "blocks_for_one_percent": ceil(start.blocks * (half_width / log1p(0.01)) ** 2) if isfinite(half_width) else 0,
        "note": "; ".join(_remarks(start, fast_end and slow_end, isfinite(ratio.value), score)),
    }
    return EqualAccuracy(**(asdict(start) | found))


def _remarks(start: EqualAccuracy, within: bool, compared: bool, score: Score) -> list[str]:
    remarks = []
    if not within:
        remarks.append("the interval reaches beyond the measured lengths, where nothing is read off")
    if not compared:
        remarks.append(
            f"the reference does not reach this {short_name(score)} within three measured lengths, so there is no comparison"
        )
    if start.processes == 1:
        remarks.append(
            f"one process: the interval holds the spread of {short_name(score)} only; run the study with --processes 5"
        )
    return remarks


def _with_note(row: EqualAccuracy, note: str) -> EqualAccuracy:
    return EqualAccuracy(**(asdict(row) | {"note": note}))
