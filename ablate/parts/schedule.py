"""Learning-rate schedules, and when filters are renormalised."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablate.parts.part import Bounds, Part


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
