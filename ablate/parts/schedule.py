"""Learning-rate schedules, and when filters are renormalised."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import torch

from ablate.parts.part import POSITIVE, Bounds, Part


@dataclass(frozen=True, kw_only=True)
class RateSchedule(Part):
    """Slot: the factor on a group's learning rate."""

    @abstractmethod
    def factor(self, step: int, num_steps: int) -> float:
        """The factor at a step (from 0) of a group that is trained for `num_steps` steps."""


@dataclass(frozen=True, kw_only=True)
class LinearDecay(RateSchedule):
    """From 1 down in a straight line; the last step still has 1 / num_steps. No warm-up."""

    def factor(self, step: int, num_steps: int) -> float:
        """1 - step / num_steps, and 0 once the group is no longer trained."""
        return 1 - step / num_steps if step < num_steps else 0.0


@dataclass(frozen=True, kw_only=True)
class HeldDecay(RateSchedule):
    """At 1 over the share `held` of the steps, then down in a straight line towards 0, which no step reaches."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"held": Bounds(most=1, below=True)}

    held: float = 0.2

    def factor(self, step: int, num_steps: int) -> float:
        """(num_steps - step) / ((1 - held) · num_steps), at most 1, and 0 once the group is no longer trained."""
        return min(1.0, (1 - step / num_steps) / (1 - self.held)) if step < num_steps else 0.0


@dataclass(frozen=True, kw_only=True)
class Triangle(RateSchedule):
    """From `start` up to 1 in a straight line over the share `peak` of the steps, then down towards `end`, which no step reaches."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"start": Bounds(), "peak": Bounds(most=1), "end": Bounds()}

    start: float = 0.2
    peak: float
    end: float

    def factor(self, step: int, num_steps: int) -> float:
        """The height of the triangle at a step; its peak is at ⌊peak · num_steps⌋."""
        top = int(num_steps * self.peak)
        begin, finish, share = (
            (self.start, 1.0, step / top) if step < top else (1.0, self.end, (step - top) / (num_steps - top))
        )
        return begin * (1 - share) + finish * share


@dataclass(frozen=True, kw_only=True)
class Ramps(RateSchedule):
    """From 0 up to 1 in a straight line over the share `peak` of the steps, down to `floor` at the share `flat_from`, and flat.

    As davidcpage/cifar10-fast counts, a step has the height at its end: the first is above 0, the last at `floor`.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        "peak": Bounds(above=True, most=1, below=True),
        "floor": Bounds(),
        "flat_from": Bounds(above=True, most=1),
    }

    peak: float
    floor: float = 0.0
    flat_from: float = 1.0

    def factor(self, step: int, num_steps: int) -> float:
        """The height at the end of a step."""
        share = (step + 1) / num_steps
        if share <= self.peak:
            return share / self.peak
        if share >= self.flat_from:
            return self.floor
        return 1 + (share - self.peak) * (self.floor - 1) / (self.flat_from - self.peak)


@dataclass(frozen=True, kw_only=True)
class RateTable(RateSchedule):
    """Heights read from a table: from 0 to 1 in the share `rise` of as many entries as there are steps, to `end` in the share `fall`.

    A step reads the entry after its own (99991/cifar10-fast-simple): the first is above 0, both ends of the slopes are 1, and steps
    beyond the table read its last. Entries are those of a table of rates up to `top`, each rounded to float32, over `top`.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        **dict.fromkeys(("rise", "fall"), Bounds(above=True, most=1)),
        "end": Bounds(),
        "top": POSITIVE,
    }

    rise: float
    fall: float
    end: float
    top: float

    def factor(self, step: int, num_steps: int) -> float:
        """The height that a step reads."""
        entries = _table(self.top, self.end * self.top, round(self.rise * num_steps), round(self.fall * num_steps))
        return entries[min(step + 1, len(entries) - 1)] / self.top


@cache
def _table(top: float, end: float, rising: int, falling: int) -> list[float]:
    slopes = (torch.linspace(0, top, max(1, rising)), torch.linspace(top, end, max(1, falling)))
    return torch.cat(slopes).tolist()


@dataclass(frozen=True, kw_only=True)
class Normalisation(Part):
    """Slot: at which steps the filters are scaled back to norm sqrt(C_out) before they are updated."""

    @abstractmethod
    def due(self, num_steps: int) -> tuple[bool, ...]:
        """For each step of a run (the first is index 0), whether filters are scaled."""


@dataclass(frozen=True, kw_only=True)
class EveryStep(Normalisation):
    """Before every update."""

    def due(self, num_steps: int) -> tuple[bool, ...]:
        """Always."""
        return (True,) * num_steps


@dataclass(frozen=True, kw_only=True)
class GrowingInterval(Normalisation):
    """Whenever `first + ⌊growth · k / num_steps⌋` steps have passed since the last time, k the step counted from 1.

    With the published numbers the first step is not among them: the first update acts on the starting norms.
    """

    first: int = 2
    growth: int = 15

    def due(self, num_steps: int) -> tuple[bool, ...]:
        """True at the steps whose distance from the last scaling has reached the interval."""
        due, last = [], 0
        for k in range(1, num_steps + 1):
            scaled = k - last >= self.first + int(self.growth * k / num_steps)
            last = k if scaled else last
            due.append(scaled)
        return tuple(due)
