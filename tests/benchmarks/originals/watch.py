"""What a side of the comparison leaves to be compared: starting values, draws, losses, weights and predictions."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import torch.nn.functional as F
from torch import Tensor, nn

from originals.tape import Draw


@dataclass(slots=True)
class Trained:
    """One side's training. `starts` are the starting values of each network it resets, in that order."""

    starts: list[list[Tensor]]
    draws: list[Draw]
    losses: list[Tensor]
    weights: list[Tensor]
    logits: Tensor


def state_of(network: nn.Module) -> list[Tensor]:
    """Copies of weights and running statistics, in the order of the network's layers."""
    return [value.detach().clone() for value in network.state_dict().values() if value.is_floating_point()]


@contextmanager
def watched_losses() -> Iterator[list[Tensor]]:
    """A list that the result of every cross-entropy inside the context is put on."""
    losses: list[Tensor] = []
    function = F.cross_entropy

    def kept(*arguments: Any, **options: Any) -> Tensor:
        loss = function(*arguments, **options)
        losses.append(loss.detach().clone())
        return loss

    with mock.patch.object(F, "cross_entropy", kept):
        yield losses


@dataclass(slots=True)
class Watch:
    """Looks on while a script trains; its clock leaves out what ours leaves out: reading, resetting, validation."""

    clock: Callable[[], float] = time.perf_counter
    starts: list[list[Tensor]] = field(default_factory=list)
    weights: list[Tensor] = field(default_factory=list)
    logits: Tensor | None = None
    losses: list[Tensor] = field(default_factory=list)
    """Those of a script that computes them itself."""
    paused_seconds: float = 0.0

    def off_the_clock(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Call a function while the clock stands."""
        began = self.clock()
        try:
            return function(*arguments, **options)
        finally:
            self.paused_seconds += self.clock() - began

    def building(self, function: Callable[..., nn.Module], *arguments: Any, **options: Any) -> nn.Module:
        """Call what makes a network, and keep its starting values."""
        network = self.off_the_clock(function, *arguments, **options)
        self.off_the_clock(self._keep_start, network)
        return network

    def resetting(self, function: Callable[..., None], network: nn.Module) -> None:
        """Call what resets a network, and keep its starting values."""
        self.off_the_clock(function, network)
        self.off_the_clock(self._keep_start, network)

    def predicting(
        self, function: Callable[..., Tensor], network: nn.Module, loader: Any, tta_level: int = 0
    ) -> Tensor:
        """Call what predicts: the last level is the run's end, the others are validation."""
        if tta_level < 2:
            return self.off_the_clock(function, network, loader, tta_level)
        self.logits = function(network, loader, tta_level)
        self.weights = self.off_the_clock(state_of, network)
        return self.logits

    def predicted(self, network: nn.Module, logits: Tensor) -> None:
        """Keep what a script that predicts by itself has predicted; the last time counts."""
        self.logits = logits
        self.weights = self.off_the_clock(state_of, network)

    def _keep_start(self, network: nn.Module) -> None:
        self.starts.append(state_of(network))
