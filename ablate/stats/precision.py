"""How precisely a study of a given size will know an effect, from how much trials vary."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy import stats

from ablate.stats.spreads import Spreads
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import percent_of_log
from ablate.study import Study, screened
from ablate.study.levels import levels_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Standard errors of one effect, of the score in its unit and of log time, each with its degrees of freedom; NaN: unknown."""

    score_error: float
    score_degrees: int
    time_error: float
    time_degrees: int

    def score_half_width(self, level: float = SIGNIFICANCE) -> float:
        """Half of the interval of the score, in its unit."""
        return _half_width(self.score_error, self.score_degrees, level)

    def time_half_width(self, level: float = SIGNIFICANCE) -> float:
        """Half of the interval of time, in percent."""
        return percent_of_log(_half_width(self.time_error, self.time_degrees, level))


def _half_width(error: float, degrees: int, level: float) -> float:
    return error * float(stats.t.isf(level / 2, degrees)) if degrees > 0 else nan


def precision_of_pairs(spreads: Spreads, *, blocks: int, processes: int, rounds: float) -> Precision:
    """Of an effect that two arms tell, `blocks` trainings of each, and times in `rounds` blocks of each of `processes` processes.

    Source: rule 3 of measurement.md: the paired difference by block, and one value a process, the mean over its blocks.
    """
    return Precision(
        score_error=spreads.score_sd * sqrt(2 * (1 - spreads.correlation) / blocks),
        score_degrees=blocks - 1,
        time_error=sqrt(2 / processes) * _time_sd(spreads, rounds),
        time_degrees=processes - 1,
    )


def precision_of_averages(spreads: Spreads, study: Study, *, blocks: int, processes: int, rounds: float) -> Precision:
    """Of an average effect that all arms of a screening tell, the least precise of the study's.

    Source: least squares; trainings of different arms are independent, and the process is the unit for time.
    """
    arms = screened(study.arms, study.contrasts)
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


def precision_of(
    study: Study, spreads: Spreads, *, blocks: int | None = None, processes: int | None = None
) -> Precision:
    """Of a study's effects, over all of it or over its first `blocks` and `processes`."""
    blocks = study.blocks if blocks is None else blocks
    manned = study.processes if processes is None else processes
    if study.clock == "trial":
        manned = min(manned, blocks)
    if study.clock == "trial" and study.parallel > 1:
        manned = 0
    rounds = study.rounds if study.clock == "interleaved" else blocks / max(1, manned)
    size = {"blocks": blocks, "processes": max(1, manned), "rounds": rounds}
    if any(contrast.is_averaged for contrast in study.contrasts):
        return precision_of_averages(spreads, study, **size)  # type: ignore[arg-type]
    return precision_of_pairs(spreads, **size)  # type: ignore[arg-type]
