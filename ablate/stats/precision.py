"""How precisely a study of a given size will know an effect, from how much trials vary."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from ablate.stats.spreads import Spreads
from ablate.study import Study, screened
from ablate.study.levels import levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Standard errors of one effect, of the score in its unit and of log time, each with its degrees of freedom; NaN: unknown."""

    score_error: float
    score_degrees: int
    time_error: float
    time_degrees: int


def precision_of_pairs(spreads: Spreads, *, blocks: int, processes: int, rounds: float) -> Precision:
    """Of an effect that two arms tell, `blocks` trainings of each, and times in `rounds` blocks of each of `processes` processes.

    Source: rule 3 of measurement.md: the paired difference by block, and one value a process, the mean over its blocks.
    """
    return Precision(
        score_error=paired_sd(spreads) / sqrt(blocks),
        score_degrees=blocks - 1,
        time_error=process_value_sd(spreads, rounds) / sqrt(processes),
        time_degrees=processes - 1,
    )


def precision_of_averages(spreads: Spreads, study: Study, *, processes: int, rounds: float) -> Precision:
    """Of an average effect that all arms of a screening tell, the least precise of the study's.

    Source: least squares; trainings of different arms are independent, and the process is the unit for time.
    """
    arms, blocks = screened(study.arms, study.contrasts), study.blocks
    subjects = [contrast.subject for contrast in study.contrasts if contrast.is_averaged]
    levels = levels_of([arm.features for arm in arms], subjects) / 2
    inverse = np.linalg.pinv(levels - levels.mean(axis=0))
    of_one_block = float(np.sqrt((inverse**2).sum(axis=1)).max())
    around_arms = (len(arms) - 1) * (blocks - 1)
    return Precision(
        score_error=spreads.score_sd * of_one_block / sqrt(blocks),
        score_degrees=around_arms if blocks > 1 else len(arms) - 1 - len(subjects),
        time_error=of_one_block * _time_sd(spreads, rounds) / sqrt(processes),
        time_degrees=processes - 1,
    )


def _time_sd(spreads: Spreads, rounds: float) -> float:
    """The sd of one arm's mean log time over `rounds` blocks of a process, beside what the process does to all arms; NaN: unknown."""
    within, arm_in_process = spreads.time_within_percent, spreads.time_arm_in_process_percent
    if within is None or arm_in_process is None:
        return nan
    return sqrt(arm_in_process**2 + within**2 / rounds) / 100


def paired_sd(spreads: Spreads) -> float:
    """The sd of one block's difference between the scores of two arms, in the unit of the score."""
    return spreads.score_sd * sqrt(2 * (1 - spreads.correlation))


def process_value_sd(spreads: Spreads, rounds: float) -> float:
    """The sd of one process's mean of log(with / without): both arms' own shifts, and both arms' trials; NaN: unknown."""
    return sqrt(2) * _time_sd(spreads, rounds)


def precision_of(study: Study, spreads: Spreads) -> Precision:
    """Of a study's effects; times of trials that run beside others are none."""
    if study.clock == "interleaved":
        processes, rounds = study.processes, float(study.rounds)
    else:
        processes = min(study.processes, study.blocks) if study.parallel == 1 else 1
        rounds = study.blocks / processes
    if any(contrast.is_averaged for contrast in study.contrasts):
        return precision_of_averages(spreads, study, processes=processes, rounds=rounds)
    return precision_of_pairs(spreads, blocks=study.blocks, processes=processes, rounds=rounds)
