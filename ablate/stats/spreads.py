"""How much trials vary: the published spreads, and those of a run folder's own trials."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.stats.blocks import Blocks
from ablate.stats.intervals import NO_SPREAD, FloatArray, process_means
from ablate.study.score import TTA_ACCURACY, Score

FEWEST_BLOCKS_FOR_SPREADS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """Standard deviations: of the score in its unit (percentage points of TTA accuracy), of times in percent of a trial's time.

    `correlation` is that of two arms' scores in a block. `time_within_percent` is that of trials within a process and
    `time_arm_in_process_percent` what a process does to one arm alone; the shift that all its arms share cancels in a contrast.
    Both are None where there was one process only. `source` completes "with the spreads of ...".
    """

    score_sd: float
    correlation: float
    time_within_percent: float | None
    time_arm_in_process_percent: float | None
    source: str

    @property
    def knows_time(self) -> bool:
        """Whether the spreads of time are known too."""
        return self.time_within_percent is not None and self.time_arm_in_process_percent is not None

    def without_time(self) -> "Spreads":
        """Those of the score alone."""
        return replace(self, time_within_percent=None, time_arm_in_process_percent=None)

    def with_times_of(self, other: "Spreads") -> "Spreads":
        """These, with the spreads of time that others know where these do not."""
        if self.knows_time or not other.knows_time:
            return self
        return replace(
            self,
            time_within_percent=other.time_within_percent,
            time_arm_in_process_percent=other.time_arm_in_process_percent,
            source=f"{self.source}, and of times {other.source}",
        )


PUBLISHED_SPREADS = Spreads(
    score_sd=0.13,
    correlation=0.0,
    time_within_percent=0.025,
    time_arm_in_process_percent=0.010,
    source="the published A100 logs",
)
"""Ten published logs of the record recipe: 10 processes of 200 trials, about 2.0 s each, on an A100.

TTA accuracy 0.13 pp, time within a process 0.5 ms, and 0.2 ms for what a process does to one arm alone. For whoever asks for them by
name: they say nothing of another machine, preset or data set.
"""


def measured_spreads(
    frame: pd.DataFrame, *, source: str = "this folder's own trials", score: Score = TTA_ACCURACY
) -> Spreads | None:
    """The spreads of a folder's own trials, of scores and of times, from the blocks that hold one of every arm (times: in one process).

    None with fewer than two arms, three such blocks, or no spread at all. The spreads of time take two processes. Where each ran one
    block they cannot be told apart, and all of it counts as the process's: true of a study of one block in each process, and for more
    blocks in each an upper limit. Source: expected mean squares of the two-way layout.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    blocks = Blocks.of(frame)
    arms = tuple(blocks.column)
    if len(arms) < 2 or blocks.mixed_data or blocks.missing(arms):
        return None
    scored, timed = blocks.complete(arms, same_process=False), blocks.complete(arms, same_process=True)
    if scored.sum() < FEWEST_BLOCKS_FOR_SPREADS:
        return None
    scores = blocks.score[scored]
    variance = float(scores.var(axis=0, ddof=1).mean())
    time_variances = _time_variances(blocks.log_time[timed], blocks.process[timed, 0])
    if variance <= NO_SPREAD**2 or (time_variances and sum(time_variances) <= NO_SPREAD**2):
        return None
    within, arm_in_process = (100 * each**0.5 for each in time_variances) if time_variances else (None, None)
    residuals = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
    residual_variance = float((residuals**2).sum()) / ((len(arms) - 1) * (int(scored.sum()) - 1))
    return Spreads(
        score_sd=score.factor * variance**0.5,
        correlation=1 - residual_variance / variance,
        time_within_percent=within,
        time_arm_in_process_percent=arm_in_process,
        source=source,
    )


def _time_variances(log_time: FloatArray, process: NDArray[np.int64]) -> tuple[float, float] | None:
    """Variances of log time `(blocks, arms)`: within a process, and of what a process `(blocks,)` does to one arm alone.

    None for fewer than two processes; with one block in each, 0 and the sum of both.
    """
    arms = log_time.shape[1]
    names, owner, blocks_each = np.unique(process, return_inverse=True, return_counts=True)
    if len(names) < 2:
        return None
    from_block_mean = log_time - log_time.mean(axis=1, keepdims=True)
    means = process_means(from_block_mean.T, process).T
    repeats = len(process) - len(names)
    within = float(((from_block_mean - means[owner]) ** 2).sum()) / ((arms - 1) * repeats) if repeats else 0.0
    between = float(((means - means.mean(axis=0)) ** 2).sum()) / ((arms - 1) * (len(names) - 1))
    return within, max(0.0, between - within * float((1 / blocks_each).mean()))
