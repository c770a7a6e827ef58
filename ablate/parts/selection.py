"""Which images are trained on: a part of the set, or of every batch."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import repeat
from typing import ClassVar, TypeAlias

import torch
from torch import Tensor

from ablate.parts.part import POSITIVE, Bounds, Part
from ablate.parts.stages import ConvPair, Stage

Choice: TypeAlias = Tensor | slice
"""Images of a batch: a mask (B,), or a slice."""

ProxyRun: TypeAlias = Callable[["ProxySelection"], list[Tensor]]
"""Trains a selection's proxy over the run's own batches; gives the mask that it chooses of each."""

Confidences: TypeAlias = Callable[[float], Tensor]
"""Trains the recipe without label smoothing on the whole set for so many epochs; gives its confidence in each training image, (N,)."""


@dataclass(frozen=True, kw_only=True)
class Selection(Part):
    """Slot: which images of a batch the network is trained on."""

    def proxies(self) -> tuple["ProxySelection", ...]:
        """The selections whose networks have to be built beside the recipe's own."""
        return ()

    @abstractmethod
    def choices(self, run_proxy: ProxyRun) -> Iterable[Choice]:
        """A choice for every step of the run; on the clock."""


@dataclass(frozen=True, kw_only=True)
class EveryImage(Selection):
    """The whole batch."""

    def choices(self, run_proxy: ProxyRun) -> Iterable[Choice]:
        """Everything, again and again."""
        return repeat(slice(None))


@dataclass(frozen=True, kw_only=True)
class ProxySelection(Selection):
    """The share `keep` of each batch on which a small network, trained first on the same batches, has the largest losses.

    The proxy has the recipe's first layer, its bias frozen at zero, and stages of its own; it sees whole batches, and is trained at
    every `every`-th step only, on the images that it chooses there.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        "widths": Bounds(least=1),
        "keep": Bounds(above=True, most=1),
        "every": Bounds(least=1),
    }

    widths: tuple[int, ...] = (32, 64, 64)
    stage: Stage = ConvPair()  # noqa: RUF009 (a frozen part)
    keep: float = 0.5
    every: int = 4

    def proxies(self) -> tuple["ProxySelection", ...]:
        """Itself."""
        return (self,)

    def choices(self, run_proxy: ProxyRun) -> Iterable[Choice]:
        """The masks that the proxy's run leaves."""
        return run_proxy(self)

    def chosen(self, losses_B: Tensor) -> Tensor:
        """The mask of the largest losses."""
        mask = torch.zeros(len(losses_B), dtype=torch.bool, device=losses_B.device)
        mask[losses_B.argsort()[-self.kept(len(losses_B)) :]] = True
        return mask

    def kept(self, batch_size: int) -> int:
        """How many images of a batch are kept, one at least."""
        return max(1, round(self.keep * batch_size))

    def is_trained(self, step: int) -> bool:
        """Whether the proxy itself learns at a step (from 0)."""
        return step % self.every == 0


@dataclass(frozen=True, kw_only=True)
class Subset(Part):
    """Slot: the training images that a run knows of at all; chosen before its clock starts."""

    @abstractmethod
    def count(self, num_images: int) -> int:
        """How many of the training images are in it."""

    @abstractmethod
    def choose(self, num_images: int, confidences: Confidences, generator: torch.Generator) -> Choice:
        """Their indices in storage order, int64; draws come from `generator`."""


@dataclass(frozen=True, kw_only=True)
class WholeSet(Subset):
    """Every training image."""

    def count(self, num_images: int) -> int:
        """All."""
        return num_images

    def choose(self, num_images: int, confidences: Confidences, generator: torch.Generator) -> Choice:
        """All."""
        return slice(None)


@dataclass(frozen=True, kw_only=True)
class RandomSubset(Subset):
    """The share `fraction` of the training images, drawn at random."""

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"fraction": Bounds(above=True, most=1)}

    fraction: float

    def count(self, num_images: int) -> int:
        """The share, rounded; one image at least."""
        return max(1, round(self.fraction * num_images))

    def choose(self, num_images: int, confidences: Confidences, generator: torch.Generator) -> Choice:
        """The beginning of a random permutation."""
        order = torch.randperm(num_images, device=generator.device, generator=generator)
        return order[: self.count(num_images)].sort().values


@dataclass(frozen=True, kw_only=True)
class LeastConfident(RandomSubset):
    """The share of the training images in which a network trained on all of them is least confident.

    Confidence is the largest log probability without test-time augmentation; `epochs` is how long that network is trained.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {**RandomSubset.parameter_bounds, "epochs": POSITIVE}

    epochs: float = 9.9

    def choose(self, num_images: int, confidences: Confidences, generator: torch.Generator) -> Choice:
        """Those with the smallest confidence."""
        return self._first(confidences(self.epochs), num_images)

    def _first(self, values_N: Tensor, num_images: int) -> Tensor:
        return values_N.argsort(stable=True)[: self.count(num_images)].sort().values


@dataclass(frozen=True, kw_only=True)
class MostConfident(LeastConfident):
    """The share of the training images in which such a network is most confident."""

    def choose(self, num_images: int, confidences: Confidences, generator: torch.Generator) -> Choice:
        """Those with the largest confidence."""
        return self._first(-confidences(self.epochs), num_images)
