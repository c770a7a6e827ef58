"""How precisely a study of a given size will know an effect, from how much trials vary."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import nan, sqrt

import numpy as np

from ablate.stats.linear_model import FEWEST_DEGREES
from ablate.stats.spreads import Spreads
from ablate.study import Contrast, Study, screened
from ablate.study.levels import levels_of
from ablate.study.schedule import TrialSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Standard errors of one effect, of the score in its unit and of log time, each with its degrees of freedom; NaN: unknown."""

    score_error: float
    score_degrees: int
    time_error: float
    time_degrees: int


def precision_of(study: Study, spreads: Spreads) -> Precision:
    """Of a study's effects, of averages the least precise; times of trials that run beside others are none."""
    rounds = rounds_planned(study)
    averages = [contrast for contrast in study.contrasts if contrast.is_averaged]
    if not averages:
        return precision_of_pairs(spreads, blocks=study.blocks, rounds=rounds)
    every = [precision_at(study, contrast, spreads, blocks=study.blocks, rounds=rounds) for contrast in averages]
    return max(every, key=lambda precision: precision.score_error if study.blocks else precision.time_error)


def rounds_planned(study: Study) -> tuple[int, ...]:
    """How many blocks of times each process of a study will give; none where trials run beside others."""
    if not study.times_count:
        return ()
    if study.clock == "interleaved":
        return (study.rounds,) * study.processes
    each, more = divmod(study.blocks, study.processes)
    return (each + 1,) * more + (each,) * (study.processes - more)


def rounds_of(study: Study, specs: Iterable[TrialSpec]) -> tuple[int, ...]:
    """How many blocks of times each process gives among these trials of a study; none where trials run beside others."""
    if not study.times_count:
        return ()
    timed = {(spec.process, spec.block) for spec in specs if spec.measures != "score"}
    return tuple(Counter(process for process, _ in timed).values())


def precision_at(
    study: Study, contrast: Contrast, spreads: Spreads, *, blocks: int, rounds: Sequence[int]
) -> Precision:
    """Of a study's contrast over so many blocks, and so many blocks of times in each of its processes.

    Source: of an average, least squares; trainings of different arms are independent, and the process is the unit for time.
    """
    if contrast.is_averaged:
        return _of_average(study, contrast, spreads, blocks, rounds)
    streams = {arm.name: arm.stream for arm in study.arms}
    shares_seeds = streams[contrast.with_arm] == streams[contrast.without_arm]
    of_pair = spreads if shares_seeds else replace(spreads, correlation=0.0)
    return precision_of_pairs(of_pair, blocks=blocks, rounds=rounds)


def _of_average(study: Study, contrast: Contrast, spreads: Spreads, blocks: int, rounds: Sequence[int]) -> Precision:
    arms = screened(study.arms, study.contrasts)
    subjects = [asked.subject for asked in study.contrasts if asked.is_averaged]
    levels = levels_of([arm.features for arm in arms], subjects) / 2
    row = np.linalg.pinv(levels - levels.mean(axis=0))[subjects.index(contrast.subject)]
    of_one_block = float(np.sqrt((row**2).sum()))
    around_arms = (len(arms) - 1) * (blocks - 1)
    degrees = around_arms if around_arms >= FEWEST_DEGREES else (len(arms) - 1) * blocks - len(subjects)
    score_sd = spreads.score_sd
    if len({arm.stream for arm in arms}) < len(arms):
        # Arms that share seeds share what those do; the block is the unit then.
        score_sd, degrees = paired_sd(spreads) / sqrt(2), blocks - 1
    return Precision(
        score_error=_over_blocks(score_sd * of_one_block, blocks),
        score_degrees=degrees,
        time_error=of_one_block * _time_error(spreads, rounds),
        time_degrees=len(rounds) - 1,
    )


def precision_of_pairs(spreads: Spreads, *, blocks: int, rounds: Sequence[float]) -> Precision:
    """Of an effect that two arms tell, `blocks` trainings of each, and times in so many blocks of each process.

    Source: rule 3 of measurement.md: the paired difference by block, and one value a process, the mean over its blocks.
    """
    return Precision(
        score_error=_over_blocks(paired_sd(spreads), blocks),
        score_degrees=blocks - 1,
        time_error=sqrt(2) * _time_error(spreads, rounds),
        time_degrees=len(rounds) - 1,
    )


def _over_blocks(sd: float, blocks: int) -> float:
    """The standard error of a mean over blocks; NaN where there are none."""
    return sd / sqrt(blocks) if blocks else nan


def _time_error(spreads: Spreads, rounds: Sequence[float]) -> float:
    """The standard error of one arm's mean log time over processes of so many blocks each, beside what a process does to all arms.

    NaN: unknown.
    """
    if not spreads.knows_time or not rounds:
        return nan
    variances = [process_value_sd(spreads, each) ** 2 / 2 for each in rounds]
    return sqrt(sum(variances)) / len(rounds)


def paired_sd(spreads: Spreads) -> float:
    """The sd of one block's difference between the scores of two arms, in the unit of the score."""
    return spreads.score_sd * sqrt(2 * (1 - spreads.correlation))


def process_value_sd(spreads: Spreads, rounds: float) -> float:
    """The sd of one process's mean of log(with / without): both arms' own shifts, and both arms' trials; NaN: unknown."""
    within, arm_in_process = spreads.time_within_percent, spreads.time_arm_in_process_percent
    if within is None or arm_in_process is None:
        return nan
    return sqrt(2 * (arm_in_process**2 + within**2 / rounds)) / 100
