"""Which layers stop learning before a run ends."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablate.parts.part import Bounds, Part


@dataclass(frozen=True, kw_only=True)
class Freezing(Part):
    """Slot: how many of the first convolution groups are not trained any more, step by step."""

    @abstractmethod
    def frozen_groups(self, num_steps: int) -> tuple[int, ...]:
        """How many, at every step of a run."""


@dataclass(frozen=True, kw_only=True)
class NothingFrozen(Freezing):
    """All groups are trained to the end."""

    def frozen_groups(self, num_steps: int) -> tuple[int, ...]:
        """None at any step."""
        return (0,) * num_steps


@dataclass(frozen=True, kw_only=True)
class FreezeFirstGroup(Freezing):
    """The first group is left as it is for the last `share` of the steps, and nothing is differentiated back through it.

    Its filters and its norms' biases stay; its norms go on normalising by the batch and averaging their running statistics.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"share": Bounds(above=True, most=1, below=True)}

    share: float = 0.1

    def frozen_groups(self, num_steps: int) -> tuple[int, ...]:
        """One in the last steps."""
        frozen = round(self.share * num_steps)
        return (0,) * (num_steps - frozen) + (1,) * frozen
