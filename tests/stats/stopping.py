"""Many simulated studies at once, each stopped where its looks stop it, as `ablate.stats.look_at` would one by one."""

from dataclasses import dataclass
from math import log1p

import numpy as np

from ablate.stats.intervals import TInterval, process_means, t_interval
from ablate.stats.looks import asks_for_time, level_of, may_be_given_up
from ablate.stats.multiplicity import holm
from ablate.study import Arm, Contrast, Design, Study
from tests.stats.simulate import FakeTrainer, Studies

BANDS = ((-0.0005, 0.0005), (log1p(-0.005), log1p(0.005)))
"""The default margins, of accuracy as trials hold it and of log time."""


def study_of(trainer: FakeTrainer, *, blocks: int, processes: int) -> Study:
    """Every arm against the first, stopped when settled."""
    reference, *others = trainer.accuracy
    arms = tuple(Arm(name=name, features=frozenset({name} - {reference})) for name in trainer.accuracy)
    contrasts = tuple(Contrast(subject=o, with_arm=o, without_arm=reference, kind="add_one_in") for o in others)
    design = Design(arms=arms, contrasts=contrasts)
    return Study.of(design, name="s", question="?", blocks=blocks, processes=processes).until_settled()


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """Where each study stopped, `(studies,)`, and what it said there of accuracy and log time, `(2, studies, contrasts)`."""

    blocks: np.ndarray
    settled: np.ndarray
    low: np.ndarray
    high: np.ndarray
    rejected: np.ndarray

    def coverage(self, truth: np.ndarray) -> np.ndarray:
        """In which share of intervals that there are, by outcome, the truth `(2, contrasts)` lies."""
        known = np.isfinite(self.low)
        held = (self.low <= truth[:, None]) & (truth[:, None] <= self.high)
        return np.array(
            [held[outcome][known[outcome]].mean() if known[outcome].any() else np.nan for outcome in (0, 1)]
        )

    def false_alarms(self, truth: np.ndarray) -> np.ndarray:
        """In which share of studies, by outcome, any effect that is none was called better or worse."""
        return (self.rejected & (truth[:, None] == 0)).any(axis=2).mean(axis=1)


def stop(
    drawn: Studies,
    study: Study,
    *,
    ends: np.ndarray | None = None,
    always_at: float | None = None,
    give_up: bool = False,
) -> Stopped:
    """Take the looks of every study. `ends` `(studies,)`: after how many blocks its minutes are over.

    `give_up` stops studies at looks that allow it where accuracy is all but significant: the worst of rules. `always_at` reads
    every look at one level, as nobody should.
    """
    count = len(drawn.score)
    ends = np.full(count, study.blocks) if ends is None else ends
    shape = (2, count, len(study.contrasts))
    found = Stopped(
        blocks=np.zeros(count, dtype=int),
        settled=np.zeros(count, dtype=bool),
        low=np.full(shape, np.nan),
        high=np.full(shape, np.nan),
        rejected=np.zeros(shape, dtype=bool),
    )
    running = np.ones(count, dtype=bool)
    for blocks in sorted({*study.looks, *ends.tolist()}):
        at_look = blocks in study.looks
        level = always_at or level_of(study, blocks, settled=at_look)
        intervals = _intervals(drawn, blocks, level)
        inside, rejected = _judged(intervals, level)
        asked = (0, 1) if asks_for_time(study) else (0,)
        settled = np.all([(inside[o] | rejected[o]).all(axis=1) for o in asked], axis=0) & at_look
        given_up = np.zeros(count, dtype=bool)
        if give_up and at_look and may_be_given_up(study, blocks):
            given_up = (intervals[0].p < 0.3).any(axis=1)
        _keep(found, running & (settled | given_up), blocks, intervals, rejected)
        found.settled[running & settled] = True
        running &= ~(settled | given_up)
        over = running & (ends == blocks)
        if over.any():
            at_end = always_at or level_of(study, blocks, settled=False)
            intervals = _intervals(drawn, blocks, at_end)
            _keep(found, over, blocks, intervals, _judged(intervals, at_end)[1])
        running &= ~over
    return found


def _intervals(drawn: Studies, blocks: int, level: float) -> tuple[TInterval, TInterval]:
    """Of every arm minus the first, over the first blocks."""
    gain = drawn.score[:, :blocks, 1:] - drawn.score[:, :blocks, :1]
    ratio = drawn.log_time[:, :blocks, 1:] - drawn.log_time[:, :blocks, :1]
    times = process_means(np.moveaxis(ratio, 1, -1), drawn.process[:blocks])
    return t_interval(np.moveaxis(gain, 1, -1), confidence=1 - level), t_interval(times, confidence=1 - level)


def _judged(intervals: tuple[TInterval, TInterval], level: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Which are equivalent, and which better or worse; equivalence goes first."""
    inside = [(band[0] < each.low) & (each.high < band[1]) for band, each in zip(BANDS, intervals, strict=True)]
    small = [holm(each.p) < level for each in intervals]
    return inside, [p & ~within for p, within in zip(small, inside, strict=True)]


def _keep(
    found: Stopped, which: np.ndarray, blocks: int, intervals: tuple[TInterval, TInterval], rejected: list[np.ndarray]
) -> None:
    found.blocks[which] = blocks
    for outcome, interval in enumerate(intervals):
        found.low[outcome, which] = interval.low[which]
        found.high[outcome, which] = interval.high[which]
        found.rejected[outcome, which] = rejected[outcome][which]


def saved(stopped: Stopped, study: Study) -> str:
    """In words: blocks on average, and how many studies ended before their last."""
    early = (stopped.blocks < study.blocks).mean()
    return f"{stopped.blocks.mean():.1f} of {study.blocks} blocks on average, {early:.0%} stopped early"
