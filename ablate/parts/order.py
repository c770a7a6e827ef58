"""In which order images are dealt into batches."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class Order(Part):
    """Slot: which images an epoch trains on, in which batches."""

    @abstractmethod
    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """The epoch's images as runs of indices, int64 on the generator's device.

        `num_batches` is how many full batches fit an epoch. A run shorter than `batch_size` is completed by the first of the next
        epoch; `pending` is how many images wait for that (0 unless this order leaves some over).
        """


@dataclass(frozen=True, kw_only=True)
class Reshuffled(Order):
    """Every image at most once an epoch, in random order; what does not fill a batch is dropped."""

    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """The first batches of a random permutation."""
        order = torch.randperm(num_images, device=generator.device, generator=generator)
        return order.split(batch_size)[:num_batches]


@dataclass(frozen=True, kw_only=True)
class WithReplacement(Order):
    """Every image of every batch drawn from the whole set, whatever was drawn before."""

    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """As many batches as an epoch has, of independent uniform draws."""
        size = (num_batches * batch_size,)
        return torch.randint(0, num_images, size, device=generator.device, generator=generator).split(batch_size)


@dataclass(frozen=True, kw_only=True)
class AcrossEpochs(Order):
    """Every image exactly once an epoch, in random order; a batch may begin in one epoch and end in the next."""

    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[Tensor, ...]:
        """A whole random permutation, the first run as long as the batch that waits for it lacks."""
        order = torch.randperm(num_images, device=generator.device, generator=generator)
        first = min(num_images, batch_size - pending)
        return (order[:first], *order[first:].split(batch_size)) if first < num_images else (order,)
