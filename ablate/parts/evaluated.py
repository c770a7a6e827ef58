"""What is evaluated of a training: the network as its last step left it, or an average that it never gets back."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from ablate.parts.convnet import TrainedNetwork
from ablate.parts.norms import GhostBatchNorm
from ablate.parts.part import Bounds, Part


@dataclass(slots=True)
class Shadow:
    """Copies of a network's `state` that are evaluated in its place; empty where the network itself is.

    `split_statistics`: those of them that are running statistics of ghost batches, and of how many.
    """

    state: list[Tensor]
    kept: list[Tensor]
    split_statistics: list[tuple[Tensor, int]]
    epochs: int = 0


@dataclass(frozen=True, kw_only=True)
class Evaluated(Part):
    """Slot: which weights and running statistics validation and prediction see."""

    @abstractmethod
    def begin(self, network: TrainedNetwork) -> Shadow:
        """What is kept beside the network, made when its first layer has been prepared."""

    def due(self, num_steps: int, steps_per_epoch: int) -> tuple[bool, ...]:
        """Of every step of a run, whether there is more to do after it than after the others."""
        return (False,) * num_steps

    def after_step(self, shadow: Shadow, is_due: bool) -> None:
        """What becomes of what is kept after the optimiser's step."""

    def after_epoch(self, shadow: Shadow) -> None:
        """What becomes of it before each validation."""

    @contextmanager
    def in_network(self, shadow: Shadow) -> Iterator[None]:
        """Inside the context the network is what is evaluated, and afterwards again what is trained."""
        trained = [tensor.clone() for tensor in shadow.state]
        _copy(shadow.kept, shadow.state)
        try:
            yield
        finally:
            _copy(trained, shadow.state)

    def finish(self, shadow: Shadow) -> None:
        """Make the network what is evaluated, for good."""
        _copy(shadow.kept, shadow.state)


@dataclass(frozen=True, kw_only=True)
class LastWeights(Evaluated):
    """The network itself; of ghost batches' running statistics the mean."""

    def begin(self, network: TrainedNetwork) -> Shadow:
        """Nothing."""
        for norm in _ghost_norms(network):
            norm.evaluate_mean()
        return Shadow([], [], [])


@dataclass(frozen=True, kw_only=True)
class WeightAverage(Evaluated):
    """An exponential average of weights and running statistics over the steps, which training never sees.

    After the first of every `every` steps of an epoch it becomes α·average + (1 - α)·network with α = decay^every; the count begins
    anew with each epoch (davidcpage/cifar10-fast). As published, running statistics of ghost batches are averaged once, after the
    first epoch, and evaluation reads those of the first of them.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"decay": Bounds(most=1), "every": Bounds(least=1)}

    decay: float = 0.99
    every: int = 5

    def begin(self, network: TrainedNetwork) -> Shadow:
        """A copy of the network's state."""
        state = network.state()
        kept = [tensor.clone() for tensor in state]
        copies = {tensor.data_ptr(): copy for tensor, copy in zip(state, kept, strict=True)}
        split_statistics = []
        for norm in _ghost_norms(network):
            norm.evaluate_first()
            split_statistics += [(copies[each.data_ptr()], norm.splits) for each in norm.statistics()]
        return Shadow(state, kept, split_statistics)

    def due(self, num_steps: int, steps_per_epoch: int) -> tuple[bool, ...]:
        """The first step of every epoch, and every so many from there."""
        return tuple(step % steps_per_epoch % self.every == 0 for step in range(num_steps))

    def after_step(self, shadow: Shadow, is_due: bool) -> None:
        """Move the average, if it is time."""
        if not is_due:
            return
        weight = self.decay**self.every
        for average, tensor in zip(shadow.kept, shadow.state, strict=True):
            average.mul_(weight)
            average.add_((1 - weight) * tensor)

    def after_epoch(self, shadow: Shadow) -> None:
        """After the first, give every ghost batch the mean of their running statistics."""
        shadow.epochs += 1
        if shadow.epochs == 1:
            for statistics, splits in shadow.split_statistics:
                statistics.copy_(statistics.view(splits, -1).mean(0).repeat(splits))


def _ghost_norms(network: nn.Module) -> list[GhostBatchNorm]:
    return [module for module in network.modules() if isinstance(module, GhostBatchNorm)]


def _copy(values: list[Tensor], places: list[Tensor]) -> None:
    for place, value in zip(places, values, strict=True):
        place.copy_(value)
