"""Which other study would know as much of each feature in less time. Torch-free."""

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import isnan

from ablate.engine.prices import Prices
from ablate.stats.sizing import Goal, Size, goals_of, sizes_for
from ablate.stats.spreads import Spreads
from ablate.study import Contrast, Study
from ablate.study.score import Score

_FEWEST_SUBJECTS = 3
"""Of fewer, leave-one-out has no more arms than a screening."""

_WORTH_NAMING = 0.8
"""The share of the time that another study may take at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A study that could take another's place: what its command has behind `ablate study run` beside its size, and what it costs."""

    words: tuple[str, ...]
    study: Study
    prices: Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A study of a size that reaches a goal, and about how long it takes."""

    blocks: int
    processes: int
    minutes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sooner:
    """A study that reaches a `goal` for each feature that another asks about one by one, in four fifths of its time or less.

    `command` is its, at that `size`. `this` is the other at the size that reaches the goal too; None: none does.
    """

    goal: Goal
    command: str
    size: Sized
    this: Sized | None


def find_sooner(
    study: Study, prices: Prices, candidates: Iterable[Candidate], spreads: Spreads, score: Score
) -> Sooner | None:
    """The cheapest of the candidates that reaches what `study` may be asked to; None: there is none, or it saves too little.

    Only what asks of three features or more, one by one, has one, and no study of times alone: sizes are numbers of blocks.
    `candidates` are screenings; one that does not average every one of those features is passed over.
    """
    asked = [contrast for contrast in study.contrasts if contrast.kind in ("leave_one_out", "add_one_in")]
    subjects = {contrast.subject for contrast in asked}
    if len(subjects) < _FEWEST_SUBJECTS or not study.blocks:
        return None
    fit = [(each, found) for each in candidates if (found := _averages(each.study, subjects))]
    for goal in goals_of(study, asked, spreads, score):
        sized = [(each.words, _cheapest(each.study, each.prices, found, goal, spreads)) for each, found in fit]
        reached = [(words, size) for words, size in sized if size is not None]
        if not reached:
            continue
        words, size = min(reached, key=lambda each: each[1].minutes)
        this = _cheapest(study, prices, asked, goal, spreads)
        if this is not None and size.minutes > _WORTH_NAMING * this.minutes:
            return None
        name, *options = words
        size_options = ["--trials", str(size.blocks), "--processes", str(size.processes)]
        command = shlex.join(["ablate", "study", "run", name, *size_options, *options])
        return Sooner(goal=goal, command=command, size=size, this=this)
    return None


def _averages(study: Study, subjects: set[str]) -> list[Contrast]:
    """A study's averages of these subjects; none unless it has them all."""
    found = [contrast for contrast in study.contrasts if contrast.is_averaged and contrast.subject in subjects]
    return found if len(found) == len(subjects) else []


def _cheapest(
    study: Study, prices: Prices, contrasts: Sequence[Contrast], goal: Goal, spreads: Spreads
) -> Sized | None:
    minutes = _Minutes(study, prices)
    sized = [
        Sized(blocks=size.blocks, processes=size.processes, minutes=minutes.of(size))
        for size in sizes_for(study, contrasts, goal, spreads)
    ]
    known = [each for each in sized if not isnan(each.minutes)]
    return min(known, key=lambda each: each.minutes, default=None)


class _Minutes:
    """What a study takes at any size: so much for each block and each process, and once; no schedule of thousands of trials is made."""

    def __init__(self, study: Study, prices: Prices) -> None:
        def seconds(blocks: int, processes: int) -> float:
            return prices.seconds(replace(study, blocks=blocks, processes=processes, looks=()).schedule())

        self._block = seconds(2, 1) - seconds(1, 1)
        self._process = seconds(2, 2) - seconds(2, 1)
        self._once = seconds(1, 1) - self._block - self._process

    def of(self, size: Size) -> float:
        return (self._once + size.blocks * self._block + size.processes * self._process) / 60
