"""Stopping when settled: what each look at a study may spend, and what a study shows at one (measurement.md, rule 14).

A study that is looked at several times and stopped when the picture pleases has intervals that hold less often than they say. Here
the 5 % are shared out beforehand: each look has a level of its own, its intervals and verdicts are made at that level, and the levels
add up to 5 %. By the union bound, the chance that any statement made at any look misses is then at most 5 %, whatever the looks have
in common and however few values a t-interval has; the price against exact boundaries, which need normal values, is small. What is not
allowed for is to end between looks and then, for what was seen there, to go on: that spends twice what was left.

Sources: K. K. G. Lan, D. L. DeMets, "Discrete sequential boundaries for clinical trials", Biometrika 70 (1983) 659-663, for the
function by which the 5 % are spent, which follows P. C. O'Brien, T. R. Fleming, Biometrics 35 (1979) 549-556: little early, most at the
end. Bonferroni's inequality for the sum.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log1p, sqrt
from typing import Literal, TypeAlias

import pandas as pd
from scipy import stats

from ablate.stats.effect import Effect
from ablate.stats.effects import DEFAULT_MARGINS, list_effects
from ablate.stats.verdicts import FEWEST_BLOCKS, SIGNIFICANCE, Margins, more_to_settle
from ablate.study import Study
from ablate.study.schedule import TrialSpec
from ablate.study.score import TTA_ACCURACY, Score

Stage: TypeAlias = Literal["settled", "open", "between", "end"]
"""A look at which every verdict was settled, one at which some were open, no look, or the end of the planned blocks."""

_Asked: TypeAlias = tuple[Effect, Literal["score", "time"]]

SETTLED = frozenset({"better", "worse", "equivalent", "identical"})

_DOUBT = 2
"""What is called hopeless would take this many times the blocks left: a spread from a few blocks is no better known."""


def spent(fraction: float) -> float:
    """How much of 0.05 may be spent by the time that `fraction` of the blocks, above 0 and up to 1, have finished.

    Source: Lan & DeMets 1983, the function like O'Brien and Fleming's: 2 - 2Φ(z / √fraction), z the two-sided 5 % point.
    """
    return float(2 * stats.norm.sf(stats.norm.isf(SIGNIFICANCE / 2) / sqrt(fraction)))


def levels_of_looks(study: Study) -> tuple[float, ...]:
    """The level of each of the study's looks and, last, of its end: together 0.05."""
    reached = [0.0, *(spent(look / study.blocks) for look in study.looks), SIGNIFICANCE]
    return tuple(after - before for before, after in pairwise(reached))


def level_of(study: Study, blocks: int, *, settled: bool) -> float:
    """The level at which a study with `blocks` finished blocks is read; `settled` is whether its verdicts were, at a look, at its level.

    A look that stopped the study, or could have, has its own level: one at which all was settled, and from halfway on any, since
    from there a study is given up where what is open cannot be settled. Anywhere else nothing but a reason apart from the results
    ends a study (its minutes are over, its planned blocks are done), so that it has what its looks have left. Without looks, 0.05.
    """
    levels = levels_of_looks(study)
    taken = sum(look <= blocks for look in study.looks)
    if blocks in study.looks and (settled or may_be_given_up(study, blocks)):
        return levels[taken - 1]
    return SIGNIFICANCE - sum(levels[:taken]) if taken else SIGNIFICANCE


def may_be_given_up(study: Study, blocks: int) -> bool:
    """Whether a look there may find what is open hopeless: from halfway on, where its level leaves intervals worth reading."""
    return 2 * blocks >= study.blocks


def widening_by_looks(study: Study) -> float:
    """How many times as wide the intervals over all of the study's blocks are as those of a study without looks."""
    degrees_of_freedom = study.blocks - 1
    last, plain = levels_of_looks(study)[-1], SIGNIFICANCE
    return float(stats.t.isf(last / 2, degrees_of_freedom) / stats.t.isf(plain / 2, degrees_of_freedom))


def plan_of_looks(study: Study) -> str:
    """When a study with looks is looked at, what ends it, and what that costs: for before it runs."""
    times = "" if asks_for_time(study) else " of the score (in one process there is none on time)"
    return (
        f"Looks after {', '.join(map(str, study.looks))} of {study.blocks} blocks; it stops at the first with every verdict{times} "
        f"settled. For that, intervals after all {study.blocks} blocks are {widening_by_looks(study):.2f} times as wide, "
        "and those of earlier looks wider."
    )


def asks_for_time(study: Study) -> bool:
    """Whether verdicts on time can come at all: with two processes or more, whose trials have their process to themselves."""
    return study.processes > 1 and study.times_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a study's trials show: the effects over its finished blocks, at the `level` that holds there.

    `blocks` are the finished ones, `number` the looks taken so far, this one included, of `planned` with the end. `open` counts the
    verdicts that are asked for and not there, at a look by the look's own level.
    """

    study: Study
    blocks: int
    number: int
    planned: int
    stage: Stage
    level: float
    effects: tuple[Effect, ...]
    open: int

    def hopeless(self, margins: Margins, score: Score, blocks_left: int | None = None) -> bool:
        """Whether everything still open would take more than twice what is left, here of the plan or of `blocks_left` blocks.

        Should means and spreads stay as they are. Before halfway nothing is.
        """
        if self.stage != "open" or not may_be_given_up(self.study, self.blocks):
            return False
        planned = self.study.blocks - self.blocks
        left = planned if blocks_left is None else min(planned, blocks_left)
        wanted = _open(self.study, self.effects)
        level = SIGNIFICANCE - sum(levels_of_looks(self.study)[: self.number])
        return all(
            _score_is_hopeless(effect, margins, score, left, level)
            if outcome == "score"
            else _time_is_hopeless(effect, margins, self._processes_in(left), level)
            for effect, outcome in wanted
        )

    def _processes_in(self, blocks: int) -> int:
        """How many more processes give a time within the next blocks."""
        study = self.study
        if study.parallel > 1:
            return 0
        first, last = (min(study.blocks, end) * study.processes for end in (self.blocks, self.blocks + blocks))
        return -(-last // study.blocks) - -(-first // study.blocks)


def look_at(
    study: Study,
    schedule: Sequence[TrialSpec],
    frame: pd.DataFrame,
    *,
    margins: Margins = DEFAULT_MARGINS,
    score: Score = TTA_ACCURACY,
) -> Look:
    """What a frame of `trials_frame` shows of a study with looks; `schedule` is the study's.

    Only whole blocks count, so that a study that was stopped in the middle of one says what it said before it.

    Raises:
        UsageError: `frame` lacks a column that the statistics read.
    """
    blocks = len(_finished_blocks(schedule, frame))
    counted = counted_trials(schedule, frame)
    taken = sum(look <= blocks for look in study.looks)
    ended = blocks >= study.blocks

    def effects(level: float) -> tuple[Effect, ...]:
        return list_effects(counted, study.contrasts, arms=study.arms, margins=margins, score=score, level=level)

    stage: Stage = "end" if ended else "between"
    level = level_of(study, blocks, settled=False)
    found = effects(level)
    unsettled = _open(study, found)
    if blocks in study.looks:
        own = level_of(study, blocks, settled=True)
        at_own = found if own == level else effects(own)
        unsettled = _open(study, at_own)
        stage = "open" if unsettled else "settled"
        if stage == "settled":
            level, found = own, at_own
    return Look(
        study=study,
        blocks=blocks,
        number=taken + ended,
        planned=len(study.looks) + 1,
        stage=stage,
        level=level,
        effects=found,
        open=len(unsettled),
    )


def counted_trials(schedule: Sequence[TrialSpec], frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the trials that a look takes: those of finished blocks, and the times that were measured for them."""
    finished = _finished_blocks(schedule, frame)
    return frame[frame["block"].isin(finished | _rounds_of(schedule, finished))]


def _finished_blocks(schedule: Sequence[TrialSpec], frame: pd.DataFrame) -> frozenset[int]:
    """The blocks of scores all of whose trials have a record."""
    asked = Counter(spec.block for spec in schedule if spec.measures != "time")
    recorded = Counter(frame["block"].tolist())
    return frozenset(block for block, trials in asked.items() if recorded[block] >= trials)


def _rounds_of(schedule: Sequence[TrialSpec], blocks: frozenset[int]) -> frozenset[int]:
    """The rounds of times that belong to finished blocks: those of their processes, and of processes that have none."""
    begun = {spec.process for spec in schedule if spec.block in blocks}
    waiting = {spec.process for spec in schedule if spec.measures != "time"} - begun
    return frozenset(spec.block for spec in schedule if spec.measures == "time" and spec.process not in waiting)


def _open(study: Study, effects: Sequence[Effect]) -> tuple[_Asked, ...]:
    """The effects without a verdict, each with the outcome; twins are not asked."""
    asked = [effect for effect in effects if effect.kind != "aa"]
    scores: list[_Asked] = [(effect, "score") for effect in asked if effect.score_verdict not in SETTLED]
    times: list[_Asked] = [
        (effect, "time") for effect in asked if asks_for_time(study) and effect.time_verdict not in SETTLED
    ]
    return (*scores, *times)


def _score_is_hopeless(effect: Effect, margins: Margins, score: Score, left: int, level: float) -> bool:
    if effect.score_verdict == "no verdict":
        # Too few pairs may become enough; none at all, or all alike, will not.
        return effect.blocks == 0 or effect.blocks >= FEWEST_BLOCKS
    more = more_to_settle(
        mean=effect.score_change / score.factor,
        sd=effect.score_sd / score.factor,
        count=effect.blocks,
        band=margins.score_band(score),
        family_size=effect.score_family,
        level=level,
    )
    return more is None or more > _DOUBT * left


def _time_is_hopeless(effect: Effect, margins: Margins, left: int, level: float) -> bool:
    if effect.time_verdict == "no verdict":
        return effect.time_blocks == 0 or (effect.time_blocks >= FEWEST_BLOCKS and effect.processes > 1)
    more = more_to_settle(
        mean=log1p(effect.time_percent / 100),
        sd=effect.time_sd_percent / 100,
        count=effect.processes,
        band=margins.log_time,
        family_size=effect.time_family,
        level=level,
    )
    return more is None or more > _DOUBT * left
