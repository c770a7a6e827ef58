"""A fake trainer whose effects are known, many studies of it at once, and the estimators on arrays of studies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.stats.attribution import score_shares, time_shares
from ablate.stats.intervals import TInterval, process_means, t_interval
from ablate.stats.linear_model import Averages
from ablate.stats.multiplicity import holm
from tests.stats.build import deal, frame_of

TRIAL_SD_PP = 0.13
WITHIN_PROCESS_SECONDS = 0.0005
PROCESS_SECONDS = 0.00105
ARM_IN_PROCESS_SECONDS = 0.0002


@dataclass(frozen=True, kw_only=True)
class FakeTrainer:
    """Arms with known mean accuracy (fraction) and time (seconds), and the spreads of measurement.md.

    Time creeps up by `drift_per_hour`; a trial with all around it takes `hours_a_trial`. `block_share` of the variance of accuracy
    is common to the arms of a block, as when one seed makes a good or a bad block. `tail_degrees` makes all noise heavy-tailed:
    Student's t with so many degrees of freedom, at the same sd.
    """

    accuracy: Mapping[str, float]
    seconds: Mapping[str, float]
    drift_per_hour: float = 0.01
    hours_a_trial: float = 0.001
    block_share: float = 0.3
    tail_degrees: int | None = None

    def studies(self, rng: np.random.Generator, *, studies: int, blocks: int, processes: int) -> "Studies":
        """Draw `studies` studies of `blocks` blocks, dealt whole to `processes` processes."""
        arms = tuple(self.accuracy)
        shape = (studies, blocks, len(arms))
        process = deal(blocks, processes)
        sd = TRIAL_SD_PP / 100
        shared = self._noise(rng, sd * np.sqrt(self.block_share), (studies, blocks, 1))
        own = self._noise(rng, sd * np.sqrt(1 - self.block_share), shape)
        score = np.array([self.accuracy[arm] for arm in arms]) + shared + own
        shift = self._noise(rng, PROCESS_SECONDS, (studies, processes, 1))
        arm_shift = self._noise(rng, ARM_IN_PROCESS_SECONDS, (studies, processes, len(arms)))
        started_hours = (np.arange(blocks)[:, None] * len(arms) + _positions(rng, shape)) * self.hours_a_trial
        seconds = np.array([self.seconds[arm] for arm in arms]) * (1 + self.drift_per_hour * started_hours)
        seconds = seconds + (shift + arm_shift)[:, process] + self._noise(rng, WITHIN_PROCESS_SECONDS, shape)
        return Studies(arms=arms, score=score, log_time=np.log(seconds), process=process)

    def _noise(self, rng: np.random.Generator, sd: float, shape: tuple[int, ...]) -> np.ndarray:
        if self.tail_degrees is None:
            return rng.normal(0, sd, shape)
        degrees = self.tail_degrees
        return sd * np.sqrt((degrees - 2) / degrees) * rng.standard_t(degrees, shape)


def _positions(rng: np.random.Generator, shape: tuple[int, int, int]) -> np.ndarray:
    """Each arm's place in its block: shuffled in every other block, reversed in the next."""
    places = np.argsort(rng.random(shape), axis=-1)
    odd = places[:, 1::2]
    places[:, 1::2] = shape[2] - 1 - places[:, 0::2][:, : odd.shape[1]]
    return places


@dataclass(frozen=True, kw_only=True)
class Studies:
    """Simulated studies: `score` and `log_time` are `(studies, blocks, arms)`, `process` is `(blocks,)`."""

    arms: tuple[str, ...]
    score: np.ndarray
    log_time: np.ndarray
    process: np.ndarray

    def frame(self, study: int) -> pd.DataFrame:
        """One of the studies as the public functions take it."""
        columns = dict(enumerate(self.arms))
        return frame_of(
            {arm: self.score[study, :, index] for index, arm in columns.items()},
            {arm: np.exp(self.log_time[study, :, index]) for index, arm in columns.items()},
            self.process,
        )

    def weigh(self, weights: Sequence[Sequence[float]]) -> tuple[TInterval, TInterval]:
        """Intervals `(studies, rows)` of weighted sums of arms: of accuracy by block, of log time by process."""
        rows = np.asarray(weights)
        accuracy = t_interval(np.moveaxis(self.score @ rows.T, 1, -1))
        log_time = np.moveaxis(self.log_time @ rows.T, 1, -1)
        return accuracy, t_interval(process_means(log_time, self.process))

    def share(self, weights: np.ndarray, first: int) -> tuple[TInterval, TInterval]:
        """Intervals `(studies, subjects)` of shares as `attribute` makes them: accuracy (fraction), time saved (fraction)."""
        accuracy = t_interval(np.moveaxis(score_shares(self.score, weights), 1, -1))
        means = np.moveaxis(process_means(np.moveaxis(self.log_time, 1, -1), self.process), -1, 1)
        return accuracy, t_interval(np.moveaxis(time_shares(means, weights, first), 1, -1))

    def against(self, reference: str, others: Sequence[str]) -> tuple[TInterval, TInterval]:
        """Intervals `(studies, others)` of each of `others` minus `reference`."""
        weights = np.zeros((len(others), len(self.arms)))
        weights[:, self.arms.index(reference)] = -1
        for row, arm in enumerate(others):
            weights[row, self.arms.index(arm)] += 1
        return self.weigh(weights)

    def average(self, levels: np.ndarray) -> tuple[TInterval, TInterval]:
        """Intervals `(studies, names)` of average effects, for `levels` `(arms, names)` of ±1: accuracy, log time."""
        studies, blocks, arms = self.score.shape
        place = np.tile(np.arange(arms), blocks)
        block = np.repeat(np.arange(blocks), arms)
        accuracy = Averages(levels[place] / 2, place, block).interval(self.score.reshape(studies, -1))
        values = []
        for process in np.unique(self.process):
            mine = np.flatnonzero(self.process[block] == process)
            model = Averages(levels[place[mine]] / 2, place[mine], block[mine])
            values.append(model.estimate(self.log_time.reshape(studies, -1)[:, mine]))
        return accuracy, t_interval(np.stack(values, axis=-1))


def coverage(interval: TInterval, truth: np.ndarray) -> np.ndarray:
    """In which share of the studies the interval holds the truth, for each column."""
    return ((interval.low <= truth) & (truth <= interval.high)).mean(axis=0)


def family_wise_error(interval: TInterval) -> float:
    """In which share of the studies, all of whose effects are null, Holm rejects any."""
    return float((holm(interval.p) < 0.05).any(axis=-1).mean())
