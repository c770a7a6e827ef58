"""Average effects: what a name does over all arms of a screening, estimated from all of its trials at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablate.errors import UsageError
from ablate.stats.blocks import Blocks
from ablate.stats.intervals import CONFIDENCE, FloatArray, TInterval, at_confidence, t_interval
from ablate.stats.linear_model import Averages, Codes
from ablate.stats.verdicts import FEWEST_BLOCKS
from ablate.stats.wording import counted
from ablate.study import Arm, Contrast, aliases, screened
from ablate.study.levels import levels_of
from ablate.study.score import Score

_MOST_NAMED = 3
"""How many aliases a note names; of more it says how many there are."""


@dataclass(frozen=True, slots=True)
class Averaged:
    """The trials of one averaged contrast and what they give; what `Pairs` is to a contrast of two arms.

    `score` `(n, 2)` holds each block's mean over the arms with the subject and over those without, `accuracy` the same,
    `log_time` `(m, 2)` each round's means of log time and `process` `(m,)` the process it ran in.
    """

    contrast: Contrast
    score: FloatArray
    accuracy: FloatArray
    log_time: FloatArray
    process: Codes
    gain: TInterval
    accuracy_gain: TInterval
    log_time_change: TInterval
    enough_scores: bool
    enough_times: bool
    environments: int
    absence: str
    remarks: tuple[str, ...]
    why_untimed: str = ""

    def score_gain(self, score: Score, *, confidence: float = CONFIDENCE) -> TInterval:
        """How much better the score is with than without, on average, as trials hold it."""
        gain = self.gain if score.sign > 0 else self.gain._replace(mean=-self.gain.mean)
        return at_confidence(gain, confidence)

    def accuracy_difference(self, *, confidence: float = CONFIDENCE) -> TInterval:
        """Plain accuracy with minus without, on average."""
        return at_confidence(self.accuracy_gain, confidence)

    def log_ratio(self, *, confidence: float = CONFIDENCE) -> TInterval:
        """log(time with / time without), on average, the process being the unit."""
        return at_confidence(self.log_time_change, confidence)

    def block_sd(self, interval: TInterval) -> float:
        """The sd that each block's effects would have: that over √blocks is the standard error."""
        return float(interval.sd) * (len(self.score) / interval.n) ** 0.5 if interval.n else float("nan")

    def in_blocks(self, values: int) -> int:
        """How many blocks give so many values more, as `n` of the score's interval counts them; signs stand for themselves."""
        return -(-values * len(self.score) // self.gain.n) if values > 0 else values


def averaged(blocks: Blocks, contrasts: Sequence[Contrast], arms: Sequence[Arm]) -> Mapping[Contrast, Averaged]:
    """What the trials of a screening give for each averaged contrast of a study with these arms; one model for all of them.

    The score: one level a block (in one environment), an effect a subject, by least squares over all usable trials. Where every
    arm draws its own seeds the trial is the unit; where arms share them the block is, and its own effects are the values of a
    t-interval. Time: the same on log time within each process, with one level a round, and a t-interval over the processes.

    Source: Student's t.

    Raises:
        UsageError: an averaged contrast, and no arms.
    """
    asked = [contrast for contrast in contrasts if contrast.is_averaged]
    if not asked:
        return {}
    if not arms:
        raise UsageError("An average effect is taken over the arms of a screening: give the study's, arms=study.arms.")
    there = [arm for arm in screened(arms, contrasts) if arm.name in blocks.column]
    return _Screening(blocks, tuple(contrast.subject for contrast in asked), tuple(there)).by_contrast(asked)


@dataclass(frozen=True)
class _Cells:
    """The usable trials of one outcome: row, place of the arm, process, environment and value of each."""

    row: Codes
    arm: Codes
    process: Codes
    environment: Codes
    value: FloatArray

    def where(self, chosen: NDArray[np.bool_]) -> "_Cells":
        """Some of them."""
        return _Cells(
            self.row[chosen], self.arm[chosen], self.process[chosen], self.environment[chosen], self.value[chosen]
        )

    @property
    def group(self) -> Codes:
        """What each shares with others beside its arm: the block, as far as it ran in one environment."""
        both = np.column_stack([self.row, self.environment])
        return np.unique(both, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


@dataclass(frozen=True)
class _Screening:
    blocks: Blocks
    subjects: tuple[str, ...]
    arms: tuple[Arm, ...]

    def by_contrast(self, asked: Sequence[Contrast]) -> dict[Contrast, Averaged]:
        scores, times = self._cells(self.blocks.score), self._cells(self.blocks.log_time)
        # Times alone, where there are no scores (yet).
        told = scores if scores.value.size else times
        if absence := self.blocks.mixed_data or (
            "" if told.value.size else "no arm of the screening has a usable trial"
        ):
            return {contrast: self._nothing(contrast, absence) for contrast in asked}
        gains, accuracies = self._of_scores(scores), self._of_scores(self._cells(self.blocks.accuracy))
        kept, ratios, lost = self._of_times(times)
        blurred = aliases([self.arms[place] for place in np.unique(told.arm)], self.subjects)
        effects = gains if scores.value.size else ratios
        found = {}
        for place, contrast in enumerate(asked):
            if not np.isfinite(effects.mean[place]):
                found[contrast] = self._nothing(contrast, self._why_not(told, place))
                continue
            with_it = self._has(place)
            log_time, process = _sides(kept, kept.process, with_it)
            found[contrast] = Averaged(
                contrast,
                score=_sides(scores, None, with_it)[0],
                accuracy=_sides(self._cells(self.blocks.accuracy), None, with_it)[0],
                log_time=log_time,
                process=process,
                gain=_at(gains, place),
                accuracy_gain=_at(accuracies, place),
                log_time_change=_at(ratios, place),
                enough_scores=_enough(scores, with_it),
                enough_times=_enough(kept, with_it),
                environments=len(np.unique(told.environment)),
                absence="",
                remarks=tuple([*_alias_remark(blurred[contrast.subject]), *_missing_remark(told), *lost]),
                why_untimed=self.blocks.why_untimed("no process ran enough arms to compare their times"),
            )
        return found

    def _has(self, place: int) -> NDArray[np.bool_]:
        return np.array([self.subjects[place] in arm.features for arm in self.arms])

    def _cells(self, table: FloatArray) -> _Cells:
        columns = self.blocks.columns_of([arm.name for arm in self.arms])
        rows, places = np.nonzero(np.isfinite(table[:, columns]))
        where = (rows, columns[places])
        return _Cells(
            rows.astype(np.int64),
            places.astype(np.int64),
            self.blocks.process[where],
            self.blocks.environment[where],
            table[where],
        )

    def _model(self, cells: _Cells) -> Averages:
        levels = levels_of([arm.features for arm in self.arms], self.subjects)
        return Averages(levels[cells.arm] / 2, cells.arm, cells.group)

    def _of_scores(self, cells: _Cells) -> TInterval:
        if not cells.value.size:
            return _over([], len(self.subjects))
        if len({arm.stream for arm in self.arms}) == len(self.arms):
            return self._model(cells).interval(cells.value)
        by_block = [self._one(cells, cells.group == group) for group in np.unique(cells.group)]
        return _over([values for values in by_block if np.isfinite(values).all()], len(self.subjects))

    def _one(self, cells: _Cells, chosen: NDArray[np.bool_]) -> FloatArray:
        part = cells.where(chosen)
        return self._model(part).estimate(part.value)

    def _of_times(self, cells: _Cells) -> tuple[_Cells, TInterval, list[str]]:
        """The times of processes that can tell every effect, these effects, and how many processes cannot."""
        processes = np.unique(cells.process)
        values = {process: self._one(cells, cells.process == process) for process in processes}
        told = [process for process in processes if np.isfinite(values[process]).all()]
        lost = len(processes) - len(told)
        remarks = (
            [f"{counted(lost, 'process')} with too few arms to tell the effects apart, left out of time"]
            if lost
            else []
        )
        kept = cells.where(np.isin(cells.process, told))
        return kept, _over([values[process] for process in told], len(self.subjects)), remarks

    def _why_not(self, cells: _Cells, place: int) -> str:
        tied = self._model(cells).inseparable[place]
        others = [f"'{self.subjects[other]}'" for other in np.flatnonzero(tied) if other != place]
        if others:
            return f"its effect can no longer be told from that of {' and '.join(others)}: arms failed or are not there yet"
        with_it = self._has(place)[cells.arm]
        if with_it.all() or not with_it.any():
            side = "without" if with_it.all() else "with"
            return f"no arm {side} it has a usable trial"
        return "too few blocks have the trials that its effect takes"

    def _nothing(self, contrast: Contrast, absence: str) -> Averaged:
        pairs, nobody = np.empty((0, 2)), np.empty(0, dtype=np.int64)
        none = t_interval(np.empty(0))
        return Averaged(
            contrast, pairs, pairs, pairs, nobody, none, none, none, False, False, 0, absence=absence, remarks=()
        )


def _over(values: Sequence[FloatArray], names: int) -> TInterval:
    """The t-interval `(names,)` over values `(names,)` of blocks or processes."""
    return t_interval(np.stack(values, axis=-1) if values else np.empty((names, 0)))


def _at(interval: TInterval, place: int) -> TInterval:
    return TInterval(interval.n, *(np.asarray(array[place]) for array in interval[1:]))


def _sides(cells: _Cells, process: Codes | None, with_it: NDArray[np.bool_]) -> tuple[FloatArray, Codes]:
    """The mean of the arms with and of those without, `(n, 2)`, of each block (in each process) that has both; the processes."""
    owner = np.zeros_like(cells.row) if process is None else process
    keys, index = np.unique(np.column_stack([owner, cells.row]), axis=0, return_inverse=True)
    index, on = index.reshape(-1), with_it[cells.arm]
    counts = [np.bincount(index[side], minlength=len(keys)) for side in (on, ~on)]
    both = (counts[0] > 0) & (counts[1] > 0)
    sums = [np.bincount(index[side], cells.value[side], minlength=len(keys)) for side in (on, ~on)]
    means = [total[both] / count[both] for total, count in zip(sums, counts, strict=True)]
    return np.column_stack(means), keys[both, 0]


def _enough(cells: _Cells, with_it: NDArray[np.bool_]) -> bool:
    on = int(with_it[cells.arm].sum())
    return min(on, len(cells.arm) - on) >= FEWEST_BLOCKS


def _alias_remark(blurring: Sequence[str]) -> Iterator[str]:
    if blurring:
        named = ", ".join(blurring) if len(blurring) <= _MOST_NAMED else f"{len(blurring)} other names and pairs"
        yield f"aliased in part with {named}"


def _missing_remark(cells: _Cells) -> Iterator[str]:
    places = len(np.unique(cells.group)) * len(np.unique(cells.arm))
    if missing := places - len(cells.value):
        yield f"{counted(missing, 'trial')} failed or not there yet: estimated from the others"
