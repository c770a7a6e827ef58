"""Trials laid out by block and arm: what every paired comparison starts from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.stats.frames import check_frame, undisturbed_seconds, usable
from ablate.stats.intervals import FloatArray

_ABSENT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """A study's trials as arrays `(blocks, arms)`; an entry without a usable trial is NaN (-1 in `process` and `environment`).

    `score` and `accuracy` are as trials hold them, `log_time` is the natural logarithm of seconds. `column` says which column an
    arm has, `side_by_side` whether trials ran beside others, whose times do not count. `mixed_data` is empty, or a sentence that
    names the data sets the trials mix: nothing may be compared then.
    """

    column: Mapping[str, int]
    score: FloatArray
    accuracy: FloatArray
    log_time: FloatArray
    process: NDArray[np.int64]
    environment: NDArray[np.int64]
    mixed_data: str
    absence: Mapping[str, str]
    side_by_side: bool

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Blocks":
        """Lay out a frame of `trials_frame`.

        Raises:
            UsageError: `frame` lacks a column that the statistics read.
        """
        check_frame(frame)
        counted = usable(frame)
        arm_codes, arms = pd.factorize(frame["arm"])
        block_codes, blocks = pd.factorize(frame["block"], sort=True)
        environment_codes, _ = pd.factorize(frame["environment"])
        shape = (len(blocks), len(arms))
        where = (block_codes[counted], arm_codes[counted])

        def laid_out(values: FloatArray) -> FloatArray:
            table = np.full(shape, np.nan)
            table[where] = values
            return table

        def codes(values: NDArray[np.int64]) -> NDArray[np.int64]:
            table = np.full(shape, _ABSENT, dtype=np.int64)
            table[where] = values
            return table

        good = frame[counted]
        return cls(
            column={str(arm): index for index, arm in enumerate(arms)},
            score=laid_out(good["score"].to_numpy(dtype=np.float64)),
            accuracy=laid_out(good["accuracy"].to_numpy(dtype=np.float64)),
            log_time=laid_out(np.log(undisturbed_seconds(good))),
            process=codes(good["process"].to_numpy(dtype=np.int64)),
            environment=codes(environment_codes[counted].astype(np.int64)),
            mixed_data=_mixed_data(good),
            absence=_absence(frame, good),
            side_by_side=_side_by_side(good),
        )

    def why_untimed(self, otherwise: str) -> str:
        """Why blocks with scores have no times to compare: trainings side by side, or `otherwise`."""
        return "trainings ran side by side, so their times are not compared" if self.side_by_side else otherwise

    def missing(self, arms: Sequence[str]) -> str:
        """Empty if every one of `arms` has a usable trial, else a sentence about the first that has none."""
        for arm in arms:
            if arm not in self.column:
                return f"arm '{arm}' has no trial in this run folder"
            if arm in self.absence:
                return self.absence[arm]
        return ""

    def columns_of(self, arms: Sequence[str]) -> NDArray[np.intp]:
        """The columns of `arms`, in their order; every one must be in `column`."""
        return np.array([self.column[arm] for arm in arms], dtype=np.intp)

    def complete(self, arms: Sequence[str], *, same_process: bool) -> NDArray[np.bool_]:
        """Which blocks `(blocks,)` hold a score of every one of `arms`, all in one environment.

        With `same_process`, a time instead, and all in one process: only then does the shift a process gives its times cancel. A
        block torn in two by a restarted child still counts for the score, which has no process effect.
        """
        columns = self.columns_of(arms)
        environments, processes = self.environment[:, columns], self.process[:, columns]
        whole = (environments != _ABSENT).all(axis=1) & (environments == environments[:, :1]).all(axis=1)
        whole &= np.isfinite((self.log_time if same_process else self.score)[:, columns]).all(axis=1)
        if same_process:
            whole &= (processes == processes[:, :1]).all(axis=1)
        return np.asarray(whole, dtype=np.bool_)

    def torn(self, arms: Sequence[str]) -> int:
        """How many blocks have scores and times of all `arms`, but not in one process, so that they count for the score only."""
        has_times = np.isfinite(self.log_time[:, self.columns_of(arms)]).all(axis=1)
        scored, timed = self.complete(arms, same_process=False), self.complete(arms, same_process=True)
        return int((scored & has_times & ~timed).sum())

    def environments_of(self, arms: Sequence[str], rows: NDArray[np.bool_]) -> int:
        """How many environments (machines, versions) the trials of `arms` in blocks `rows` ran in."""
        return len(np.unique(self.environment[np.ix_(rows, self.columns_of(arms))]))


def _side_by_side(good: pd.DataFrame) -> bool:
    """Whether times were taken while other trials ran; trials that measure a score alone took none."""
    if "beside" not in good.columns:
        return False
    took_time = good["measures"] != "score" if "measures" in good.columns else True
    return bool(((good["beside"] > 0) & took_time).any())


def _mixed_data(good: pd.DataFrame) -> str:
    sets = good[["data", "data_digest"]].drop_duplicates()
    if sets["data_digest"].nunique() <= 1:
        return ""
    names = ", ".join(f"{row.data} ({str(row.data_digest)[:8]})" for row in sets.itertuples())
    return f"these trials mix data sets: {names}; nothing is compared across them: run each set in a folder of its own"


def _absence(frame: pd.DataFrame, good: pd.DataFrame) -> dict[str, str]:
    counts = frame.groupby("arm", sort=False)["status"].value_counts().unstack(fill_value=0)
    present = set(good["arm"])
    sentences = {}
    for arm, row in counts.iterrows():
        if arm in present:
            continue
        tried = int(row.sum())
        said_ok = int(row.get("ok", 0))
        why = "gave no finite time and score" if said_ok == tried else "failed or ran out of time"
        trials = "the only trial" if tried == 1 else f"all {tried} trials"
        sentences[str(arm)] = f"{trials} of arm '{arm}' {why}"
    return sentences
