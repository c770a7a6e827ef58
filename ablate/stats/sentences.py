"""An effect in words: the short form, the full form, and what stands between it and a verdict."""

from math import isfinite

from ablate.stats.averaged import Averaged
from ablate.stats.effect import BEYOND_REACH, Effect
from ablate.stats.intervals import NO_SPREAD
from ablate.stats.pairs import Pairs
from ablate.stats.score_words import change_words, short_name, times_alone
from ablate.stats.verdicts import FEWEST_BLOCKS, Verdict
from ablate.stats.wording import AVERAGED, blocks_counted, counted, saved_words
from ablate.study.score import TTA_ACCURACY, Score

OF_TIME = " of the time"

PROCESSES_FOR_AN_INTERVAL = 5
"""What the sentence under a one-process study asks for: with 5 the paired interval covers 95.1 % (measurement.md)."""


def headline(effect: Effect, score: Score = TTA_ACCURACY) -> str:
    """The effect in one breath: "selective_tta: saves 2.3 % of the time, −0.01 pp"."""
    who = _subject(effect)
    if not effect.is_measured:
        return f"{who}: no effect measured"
    time = saved_words(effect.time_saved_percent, of=OF_TIME) if isfinite(effect.time_percent) else "time not measured"
    return f"{who}: {time}, {_score(effect, score)}"


def _subject(effect: Effect) -> str:
    return f"{effect.subject}, {AVERAGED}" if effect.is_averaged else effect.subject


def sentence(effect: Effect, score: Score = TTA_ACCURACY) -> str:
    """The effect with intervals, verdicts and counts, in one sentence without the note."""
    if not effect.is_measured:
        return f"{headline(effect, score)}: {effect.note}"
    alone = seen_alone(effect.time_family) if effect.time_seen_alone else ""
    parts = [
        f"{time_said(effect)}{_verdict(effect.time_verdict, effect.time_more_processes, 'process', alone)}",
        _score_in_full(effect, score),
    ]
    counts = blocks_counted(effect.blocks, effect.time_blocks)
    if effect.processes:
        counts += f", {counted(effect.processes, 'process')}"
    return f"{_subject(effect)}: {'; '.join(parts)} ({counts})"


def _score(effect: Effect, score: Score) -> str:
    if _identical_score(effect, score):
        return f"identical {short_name(score)}"
    return change_words(effect.score_change, score, effect.score_low, effect.score_high, brief=True)


def _score_in_full(effect: Effect, score: Score) -> str:
    if effect.blocks == 0:
        return change_words(effect.score_change, score, full=True)
    if effect.score_verdict == "identical":
        return f"{score.title} identical"
    alone = seen_alone(effect.score_family) if effect.score_seen_alone else ""
    verdict = _verdict(effect.score_verdict, effect.score_more_blocks, "block", alone)
    if _identical_score(effect, score):
        return f"{score.title} identical{verdict}"
    return f"{change_words(effect.score_change, score, effect.score_low, effect.score_high, full=True)}{verdict}"


def _identical_score(effect: Effect, score: Score) -> bool:
    least = score.factor * NO_SPREAD
    return abs(effect.score_change) <= least and effect.score_sd <= least


def time_said(effect: Effect) -> str:
    """ "saves 14.4 % of the time [5.9, 22.2]", the interval pointing where the verb does."""
    if not isfinite(effect.time_percent):
        return "time not measured"
    return saved_words(
        effect.time_saved_percent, effect.time_saved_low_percent, effect.time_saved_high_percent, of=OF_TIME
    )


def seen_alone(family: int) -> str:
    """What to say where an interval misses zero and the verdict among `family` contrasts is open."""
    return f"seen on its own; not settled among {family}"


def _verdict(verdict: Verdict, more: int, unit: str, alone: str) -> str:
    if verdict == "no verdict":
        return ", no verdict"
    if verdict != "inconclusive":
        return f", {verdict}"
    if more == BEYOND_REACH:
        would = f"no number of {unit}{'es' if unit.endswith('s') else 's'} would settle it"
    else:
        would = f"about {counted(more, f'more {unit}')} would settle it if mean and spread stay as they are"
    return f", inconclusive ({f'{alone}; ' if alone else ''}{would})"


def note_on(effect: Effect, pairs: Pairs | Averaged, score: Score) -> str:
    """What a reader must know before believing the effect's numbers; empty if nothing."""
    if pairs.absence:
        return pairs.absence
    if isinstance(pairs, Averaged):
        return "; ".join([*_remarks_on_average(effect, pairs, score), *pairs.remarks])
    remarks = []
    if effect.blocks == 0:
        remarks.append(times_alone(score))
    elif effect.blocks < FEWEST_BLOCKS:
        remarks.append(f"{counted(effect.blocks, 'block')}: numbers and no verdict; run at least {FEWEST_BLOCKS}")
    elif effect.score_sd <= score.factor * NO_SPREAD and not _identical_score(effect, score):
        remarks.append(
            f"every block gives the same difference of {short_name(score)}, so there is no interval and no verdict"
        )
    if pairs.unpaired:
        remarks.append(f"{counted(pairs.unpaired, 'block')} left out: one of the two trials failed or is not there yet")
    remarks += _time_remarks(effect, score, pairs.torn, pairs.why_untimed)
    if pairs.environments > 1:
        remarks.append(f"the pairs ran in {pairs.environments} environments: machine or versions changed in between")
    return "; ".join(remarks)


def _remarks_on_average(effect: Effect, averaged: Averaged, score: Score) -> list[str]:
    remarks = []
    if effect.blocks == 0:
        remarks.append(times_alone(score))
    elif not averaged.enough_scores:
        remarks.append(
            f"fewer than {FEWEST_BLOCKS} trials with it or without: numbers and no verdict; run more --trials"
        )
    if effect.time_blocks == 0:
        remarks.append(averaged.why_untimed)
    elif effect.processes == 1:
        remarks.append(_one_process(effect))
    if averaged.environments > 1:
        remarks.append(
            f"the blocks ran in {averaged.environments} environments: machine or versions changed in between"
        )
    return remarks


def _one_process(effect: Effect) -> str:
    spread = effect.time_within_sd_percent
    within = f"its trials spread by {spread:.2f} % (sd), but " if isfinite(spread) else ""
    return (
        f"one process: {within}processes differ more than their trials do, so there is no interval of time; "
        f"run the study with --processes {PROCESSES_FOR_AN_INTERVAL}"
    )


def _time_remarks(effect: Effect, score: Score, torn: int, why_untimed: str) -> list[str]:
    if effect.time_blocks == 0:
        return [why_untimed]
    remarks = []
    if torn:
        remarks.append(f"{counted(torn, 'block')} torn between processes, counted for {short_name(score)} only")
    if effect.processes == 1:
        remarks.append(_one_process(effect))
    elif effect.time_sd_percent <= 100 * NO_SPREAD and effect.time_blocks >= FEWEST_BLOCKS:
        remarks.append("every process gives exactly the same ratio of times, so there is no interval: check the clock")
    if 0 < effect.time_blocks < FEWEST_BLOCKS and not effect.has_few_blocks:
        remarks.append(f"{counted(effect.time_blocks, 'block')} with both times: no verdict on time")
    return remarks
