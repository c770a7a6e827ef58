"""Which filters' updates go through Newton-Schulz in one call."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class UpdateBatches(Part):
    """Slot: how updates are put together for the orthogonaliser."""

    @abstractmethod
    def batches(self, updates: Sequence[Tensor]) -> list[list[int]]:
        """The places of updates (C_out, C_in, h, w) that go together; each is in one batch."""


@dataclass(frozen=True, kw_only=True)
class OneBatch(UpdateBatches):
    """All of them."""

    def batches(self, updates: Sequence[Tensor]) -> list[list[int]]:
        """One batch."""
        return [list(range(len(updates)))]


@dataclass(frozen=True, kw_only=True)
class BatchesByShape(UpdateBatches):
    """Those of one shape: nothing has to be padded to the largest.

    Of airbench's six filters that is 6.3 GFLOP of Newton-Schulz a step, where padding makes it 11.5.
    """

    def batches(self, updates: Sequence[Tensor]) -> list[list[int]]:
        """A batch for each shape, in the order in which they come."""
        found: dict[tuple[int, ...], list[int]] = {}
        for place, update in enumerate(updates):
            found.setdefault(tuple(update.shape), []).append(place)
        return list(found.values())
