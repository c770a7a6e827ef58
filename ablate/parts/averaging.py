"""Averages of the weights over the steps of a run."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ablate.parts.part import Bounds, Part


@dataclass(frozen=True, kw_only=True)
class Averaging(Part):
    """Slot: what becomes of the network's state (weights and running statistics) besides its optimiser's steps."""

    @abstractmethod
    def begin(self, state: Sequence[Tensor]) -> list[Tensor]:
        """What it keeps beside the network, made before the first layer is prepared."""

    @abstractmethod
    def after_step(self, kept: list[Tensor], state: Sequence[Tensor], step: int, num_steps: int) -> None:
        """Change both in place after the optimiser's step, `step` counted from 1 to `num_steps`."""

    def due(self, num_steps: int) -> tuple[bool, ...]:
        """Of every step of a run, whether there is more to do after it than after the others."""
        return (False,) * num_steps


@dataclass(frozen=True, kw_only=True)
class NoAveraging(Averaging):
    """The network is what its last step made it."""

    def begin(self, state: Sequence[Tensor]) -> list[Tensor]:
        """Nothing."""
        return []

    def after_step(self, kept: list[Tensor], state: Sequence[Tensor], step: int, num_steps: int) -> None:
        """Nothing."""


@dataclass(frozen=True, kw_only=True)
class Lookahead(Averaging):
    """An average of the weights that every few steps takes the network's place, slower towards the end of the run.

    After step t, a multiple of `every`, the average becomes α·average + (1 - α)·network with α = decay^every · (t/T)^power, and is
    copied into the network (after arXiv:1907.08610; the growing α is hlb-CIFAR10's). As published, the steps after the last such t
    are lost, and the average starts from the network before its first layer is whitened.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        "decay": Bounds(most=1),
        "every": Bounds(least=1),
        "power": Bounds(),
    }

    decay: float = 0.95
    every: int = 5
    power: float = 3.0

    def begin(self, state: Sequence[Tensor]) -> list[Tensor]:
        """A copy of the state."""
        return [tensor.clone() for tensor in state]

    def after_step(self, kept: list[Tensor], state: Sequence[Tensor], step: int, num_steps: int) -> None:
        """Average and copy back, if it is time; after the last step the network becomes the average."""
        if step % self.every == 0:
            self._average(kept, state, self.weight(step, num_steps))
        if step == num_steps:
            self._average(kept, state, 1.0)

    def due(self, num_steps: int) -> tuple[bool, ...]:
        """Every step at which the average is moved."""
        return tuple(step % self.every == 0 or step == num_steps for step in range(1, num_steps + 1))

    def weight(self, step: int, num_steps: int) -> float:
        """α after a step, rounded to float32 as in the recipes."""
        return (self.decay**self.every * (torch.tensor(step) / num_steps) ** self.power).item()

    @staticmethod
    def _average(kept: list[Tensor], state: Sequence[Tensor], weight: float) -> None:
        for average, tensor in zip(kept, state, strict=True):
            average.lerp_(tensor, 1 - weight)
            tensor.copy_(average)


@dataclass(frozen=True, kw_only=True)
class WrittenBackEma(Averaging):
    """An average that begins late, takes the place of what is trained every few steps, and is what the run ends with.

    After step t, a multiple of `every` beyond the share `idle` of the run, it is a copy of the network the first time and then becomes
    α·average + (1 - α)·network with α = decay^every · (t/T)^power (hlb-CIFAR10, which begins 2 of 12.1 epochs into the run). As
    published, frozen weights (whitening filters, norms' scales) are averaged, with rounding, but not copied back; and the steps after
    the last such t are lost.
    """

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {
        **Lookahead.parameter_bounds,
        "idle": Bounds(most=1, below=True),
    }

    decay: float = 0.95
    every: int = 5
    power: float = 3.0
    idle: float = 2 / 12.1

    def begin(self, state: Sequence[Tensor]) -> list[Tensor]:
        """Nothing yet."""
        return []

    def after_step(self, kept: list[Tensor], state: Sequence[Tensor], step: int, num_steps: int) -> None:
        """Begin, or average and copy back, if it is time; after the last step the network becomes the average, if there is one."""
        if self._moves(step, num_steps) and not kept:
            kept += [tensor.clone() for tensor in state]
        elif self._moves(step, num_steps):
            weight = self.decay**self.every * (step / num_steps) ** self.power
            for average, tensor in zip(kept, state, strict=True):
                average.mul_(weight).add_(tensor.mul(1 - weight))
                if not isinstance(tensor, nn.Parameter):
                    tensor.copy_(average)
        if step == num_steps and kept:
            for average, tensor in zip(kept, state, strict=True):
                tensor.copy_(average)

    def due(self, num_steps: int) -> tuple[bool, ...]:
        """Every step at which the average begins or moves, and the last."""
        return tuple(self._moves(step, num_steps) or step == num_steps for step in range(1, num_steps + 1))

    def _moves(self, step: int, num_steps: int) -> bool:
        return step % self.every == 0 and step > self.idle * num_steps
