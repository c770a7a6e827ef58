"""The paired trials of one contrast."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.stats.blocks import Blocks
from ablate.stats.intervals import CONFIDENCE, FloatArray, TInterval, process_means, t_interval
from ablate.stats.verdicts import FEWEST_BLOCKS
from ablate.study import Contrast
from ablate.study.score import Score


@dataclass(frozen=True, slots=True)
class Pairs:
    """The paired trials of one contrast: `score` and `accuracy` `(n, 2)`, `log_time` `(m, 2)`, with first, without second.

    `process` `(m,)` is the process each timed pair ran in, `unpaired` the number of blocks in which only one side can be used,
    `torn` that of blocks whose two trials ran in different processes.
    `why_untimed` says why they have no times, if they have none.
    `absence` is empty, or says why there are no pairs at all.
    """

    contrast: Contrast
    score: FloatArray
    accuracy: FloatArray
    log_time: FloatArray
    process: NDArray[np.int64]
    unpaired: int
    environments: int
    absence: str
    torn: int = 0
    why_untimed: str = ""

    def score_gain(self, score: Score, *, confidence: float = CONFIDENCE) -> TInterval:
        """How much better the score is with than without, as trials hold it."""
        return t_interval(score.sign * (self.score[:, 0] - self.score[:, 1]), confidence=confidence)

    @property
    def enough_scores(self) -> bool:
        """Whether there are blocks enough for a verdict on the score."""
        return len(self.score) >= FEWEST_BLOCKS

    @property
    def enough_times(self) -> bool:
        """The same for time."""
        return len(self.log_time) >= FEWEST_BLOCKS

    def in_blocks(self, values: int) -> int:
        """How many blocks give so many values of the score: one each."""
        return values

    def block_sd(self, interval: TInterval) -> float:
        """The sd of what each block gives."""
        return float(interval.sd)

    def accuracy_difference(self, *, confidence: float = CONFIDENCE) -> TInterval:
        """Plain accuracy with minus without, over the pairs that have one."""
        difference = self.accuracy[:, 0] - self.accuracy[:, 1]
        return t_interval(difference[np.isfinite(difference)], confidence=confidence)

    def log_ratio(self, *, confidence: float = CONFIDENCE) -> TInterval:
        """log(time with / time without), the process being the unit."""
        differences = self.log_time[:, 0] - self.log_time[:, 1]
        return t_interval(process_means(differences, self.process), confidence=confidence)

    @classmethod
    def of(cls, blocks: Blocks, contrast: Contrast) -> "Pairs":
        """The pairs that `blocks` holds for `contrast`; none, with the reason in `absence`, where it holds none."""
        arms = (contrast.with_arm, contrast.without_arm)
        absence = blocks.mixed_data or blocks.missing(arms)
        if not absence:
            paired = blocks.complete(arms, same_process=False)
            timed = blocks.complete(arms, same_process=True)
            if not (paired.any() or timed.any()):
                absence = _never_together(blocks, contrast)
        if absence:
            none, nobody = np.empty((0, 2)), np.empty(0, dtype=np.int64)
            return cls(contrast, none, none, none, nobody, unpaired=0, environments=0, absence=absence)
        columns = blocks.columns_of(arms)
        either = np.isfinite(blocks.score[:, columns]).any(axis=1)
        return cls(
            contrast,
            score=blocks.score[np.ix_(paired, columns)],
            accuracy=blocks.accuracy[np.ix_(paired, columns)],
            log_time=blocks.log_time[np.ix_(timed, columns)],
            process=blocks.process[timed, columns[0]],
            unpaired=int((either & ~paired).sum()),
            environments=blocks.environments_of(arms, paired if paired.any() else timed),
            absence="",
            torn=blocks.torn(arms),
            why_untimed=blocks.why_untimed("no block ran both arms in one process, so their times cannot be compared"),
        )


def _never_together(blocks: Blocks, contrast: Contrast) -> str:
    arms = (contrast.with_arm, contrast.without_arm)
    if np.isfinite(blocks.score[:, blocks.columns_of(arms)]).all(axis=1).any():
        return f"arms '{arms[0]}' and '{arms[1]}' never ran in one environment within a block"
    return f"no block has a usable trial of both '{arms[0]}' and '{arms[1]}'"
