"""What is handed to torch.compile: nothing, the network, or the whole training step besides.

Shapes are static everywhere: a second batch size must be a second compilation in the warm-up, never a silent switch to dynamic
shapes. Other parts name the mode their own functions want; the compiler in force applies it.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ParamSpec, TypeVar

import torch
from torch import nn

from ablate.parts.part import Part

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Compiler(Part):
    """Slot: which functions are compiled."""

    @abstractmethod
    def model(self, network: nn.Module) -> None:
        """Compile a network in place."""

    @abstractmethod
    def step(self, step: Callable[P, R], device: torch.device) -> Callable[P, R]:
        """The training step (forward and loss) as it will be called."""

    @abstractmethod
    def function(self, function: Callable[P, R], mode: str | None) -> Callable[P, R]:
        """A part's own function as it will be called; `mode` None: the part wants it eager."""


@dataclass(frozen=True, kw_only=True)
class NoCompile(Compiler):
    """Everything eager."""

    def model(self, network: nn.Module) -> None:
        """Left eager."""

    def step(self, step: Callable[P, R], device: torch.device) -> Callable[P, R]:
        """The step itself."""
        return step

    def function(self, function: Callable[P, R], mode: str | None) -> Callable[P, R]:
        """The function itself, whatever mode it wants."""
        return function


@dataclass(frozen=True, kw_only=True)
class CompileModel(Compiler):
    """The network and the parts' own functions compiled; the loss stays eager."""

    def model(self, network: nn.Module) -> None:
        """Compile in place: with autotuning and CUDA graphs on a GPU."""
        network.compile(dynamic=False, **_autotuned(next(network.parameters()).device))

    def step(self, step: Callable[P, R], device: torch.device) -> Callable[P, R]:
        """The step itself: it calls a compiled network."""
        return step

    def function(self, function: Callable[P, R], mode: str | None) -> Callable[P, R]:
        """The function compiled in the mode it wants, once a process."""
        return function if mode is None else compiled_function(function, mode)


@dataclass(frozen=True, kw_only=True)
class CompileStep(CompileModel):
    """As `CompileModel`, and forward and loss as one compiled graph."""

    def step(self, step: Callable[P, R], device: torch.device) -> Callable[P, R]:
        """The step compiled without graph breaks."""
        return torch.compile(step, fullgraph=True, dynamic=False, **_autotuned(device))


@cache
def compiled_function(function: Callable[..., Any], mode: str) -> Callable[..., Any]:
    """One compiled wrapper for each function and mode: a new wrapper would compile again."""
    return torch.compile(function, mode=mode, dynamic=False)


def _autotuned(device: torch.device) -> dict[str, Any]:
    """Autotuning is for GPUs: on a CPU it costs minutes and buys nothing."""
    return {"mode": "max-autotune"} if device.type == "cuda" else {}
