"""Trials and frames made from plain arrays."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from ablate.stats import trials_frame
from ablate.store.records import Measurements, Trial
from ablate.study import Contrast
from ablate.study.schedule import TrialSpec


def trial(
    arm: str,
    block: int,
    *,
    score: float = 0.94,
    time_seconds: float = 2.0,
    accuracy: float | None = 0.93,
    process: int = 0,
    position: int = 0,
    status: str = "ok",
    **fields: object,
) -> Trial:
    measured = Measurements(accuracy=accuracy, score=score, time_seconds=time_seconds)
    given = {"data": "synthetic", "data_digest": "d" * 64, "environment": "e" * 64} | fields
    return Trial(
        spec=TrialSpec(arm=arm, block=block, position=position, process=process, seed=block),
        status=status,
        process=process,
        started_at=f"2026-01-01T00:{block % 60:02d}:00+00:00",
        recipe="r" * 64,
        measurements=measured if status == "ok" else None,
        error=None if status == "ok" else "out of memory: lower the batch",
        **given,
    )


def deal(blocks: int, processes: int) -> np.ndarray:
    """The process of each block `(blocks,)`: whole blocks, contiguous, as even as can be."""
    return np.sort(np.arange(blocks) % processes)


def frame_of(
    score: Mapping[str, Sequence[float]],
    time_seconds: Mapping[str, Sequence[float]],
    processes: Sequence[int] | None = None,
) -> pd.DataFrame:
    """A frame with one trial for each arm and block, from values `(blocks,)` an arm."""
    return trials_frame(
        trial(
            arm,
            block,
            position=position,
            score=float(score[arm][block]),
            accuracy=float(score[arm][block]) - 0.01,
            time_seconds=float(time_seconds[arm][block]),
            process=0 if processes is None else int(processes[block]),
        )
        for position, arm in enumerate(score)
        for block in range(len(score[arm]))
    )


def contrast(
    subject: str = "silu", with_arm: str = "with", without_arm: str = "without", kind: str = "pair"
) -> Contrast:
    return Contrast(subject=subject, with_arm=with_arm, without_arm=without_arm, kind=kind)


def noisy_pair(
    rng: np.random.Generator,
    *,
    blocks: int = 20,
    processes: int = 5,
    gain: float = 0.0,
    time_ratio: float = 1.0,
    accuracy_sd: float = 0.0013,
) -> pd.DataFrame:
    """Two arms, "with" and "without", under the spreads of measurement.md around 94 % and 2 s."""
    owners = deal(blocks, processes)
    shift = rng.normal(0, 0.00105, processes)[owners]

    def times(ratio: float) -> np.ndarray:
        own = rng.normal(0, 0.0002, processes)[owners]
        return 2.0 * ratio + shift + own + rng.normal(0, 0.0005, blocks)

    accuracies = {
        "with": 0.94 + gain + rng.normal(0, accuracy_sd, blocks),
        "without": 0.94 + rng.normal(0, accuracy_sd, blocks),
    }
    return frame_of(accuracies, {"with": times(time_ratio), "without": times(1.0)}, owners)
