"""The improvements waterfall in numbers: each rung's share of the baseline's time, in the order of the ladder."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ablate.stats.attribution import Attribution, attribute
from ablate.stats.blocks import Blocks
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.study import Contrast
from ablate.study.score import TTA_ACCURACY, Score


def ladder(
    frame: pd.DataFrame,
    contrasts: Sequence[Contrast],
    *,
    score: Score = TTA_ACCURACY,
    level: float = SIGNIFICANCE,
) -> Attribution:
    """Divide the improvement from the first arm to the last among the rungs: contrasts of kind "ladder", in their order.

    A rung's saving is (time before - time after) / time of the first arm, so that rungs add up to the whole; it depends on the
    order of the rungs, and `shapley` does not. Other contrasts are passed over. If those of kind "ladder" do not form a chain,
    there are no shares and `note` says so. Intervals are at 1 - `level`.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    blocks = Blocks.of(frame)
    rungs = [contrast for contrast in contrasts if contrast.kind == "ladder"]
    if not rungs:
        return Attribution(note="this study is not a ladder: none of its contrasts is of kind 'ladder'")
    for below, above in pairwise(rungs):
        if above.without_arm != below.with_arm:
            gap = f"'{above.subject}' starts from '{above.without_arm}', not from '{below.with_arm}'"
            return Attribution(note=f"this ladder has a gap: {gap}")
    arms = (rungs[0].without_arm, *(rung.with_arm for rung in rungs))
    return attribute(
        blocks,
        arms,
        subjects=[rung.subject for rung in rungs],
        weights=rung_weights(len(rungs)),
        first=0,
        last=len(rungs),
        score=score,
        level=level,
    )


def rung_weights(rungs: int) -> np.typing.NDArray[np.float64]:
    """The weights `(rungs, rungs + 1)` of a ladder's arms: each rung is the arm above it minus the arm below."""
    return np.eye(rungs, rungs + 1, k=1) - np.eye(rungs, rungs + 1)
