"""How much trials vary: the published spreads, and those of a run folder's own trials."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.stats.blocks import Blocks
from ablate.stats.intervals import NO_SPREAD, FloatArray, process_means

FEWEST_BLOCKS_FOR_SPREADS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spreads:
    """Standard deviations: of accuracy in percentage points, of times in percent of a trial's time.

    The defaults are those of ten published logs of the record recipe (10 processes of 200 trials on an A100, about 2.0 s a
    trial): TTA accuracy 0.13 pp, time within a process 0.5 ms; and 0.2 ms for what a process does to one arm alone. The shift of
    a process that all its arms share (1.05 ms) cancels in a contrast. `correlation` is that of two arms' accuracies in a block.
    `source` completes "with the spreads of ...".
    """

    accuracy_pp: float = 0.13
    correlation: float = 0.0
    time_within_percent: float = 0.025
    time_arm_in_process_percent: float = 0.010
    source: str = "the published A100 logs"


PUBLISHED_SPREADS = Spreads()


def measured_spreads(frame: pd.DataFrame) -> Spreads | None:
    """The spreads of a run folder's own trials, from the blocks that hold a usable trial of every arm.

    None with fewer than two arms, three such blocks, or no spread at all. With one process, what a process does to an arm is
    taken to be as large beside the spread within it as in the published logs. Source: expected mean squares of the two-way layout.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    blocks = Blocks.of(frame)
    arms = tuple(blocks.column)
    if len(arms) < 2 or blocks.mixed_data or blocks.missing(arms):
        return None
    timed = blocks.complete(arms, same_process=True)
    process = blocks.process[timed, 0]
    if timed.sum() < FEWEST_BLOCKS_FOR_SPREADS or len(np.unique(process)) == timed.sum():
        return None
    accuracy = blocks.tta_accuracy[timed]
    variance = float(accuracy.var(axis=0, ddof=1).mean())
    within, arm_in_process = _time_variances(blocks.log_time[timed], process)
    if variance <= NO_SPREAD**2 or within <= NO_SPREAD**2:
        return None
    residuals = accuracy - accuracy.mean(axis=0) - accuracy.mean(axis=1, keepdims=True) + accuracy.mean()
    residual_variance = float((residuals**2).sum()) / ((len(arms) - 1) * (int(timed.sum()) - 1))
    return Spreads(
        accuracy_pp=100 * variance**0.5,
        correlation=1 - residual_variance / variance,
        time_within_percent=100 * within**0.5,
        time_arm_in_process_percent=100 * arm_in_process**0.5,
        source="this folder's own trials",
    )


def _time_variances(log_time: FloatArray, process: NDArray[np.int64]) -> tuple[float, float]:
    """Variances of log time `(blocks, arms)`: within a process, and of what a process `(blocks,)` does to one arm alone."""
    arms = log_time.shape[1]
    names, owner, blocks_each = np.unique(process, return_inverse=True, return_counts=True)
    from_block_mean = log_time - log_time.mean(axis=1, keepdims=True)
    means = process_means(from_block_mean.T, process).T
    within = float(((from_block_mean - means[owner]) ** 2).sum()) / ((arms - 1) * (len(process) - len(names)))
    if len(names) == 1:
        ratio = PUBLISHED_SPREADS.time_arm_in_process_percent / PUBLISHED_SPREADS.time_within_percent
        return within, within * ratio**2
    between = float(((means - means.mean(axis=0)) ** 2).sum()) / ((arms - 1) * (len(names) - 1))
    return within, max(0.0, between - within * float((1 / blocks_each).mean()))
