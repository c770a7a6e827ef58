"""How the pieces of Muon's step follow each other: each by itself, or momentum, Newton-Schulz and update as one compiled graph."""

from abc import abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from ablate.parts.compiler import Compiler, NoCompile
from ablate.parts.part import Part

WholeStep: TypeAlias = Callable[[list[Tensor], list[Tensor], list[Tensor], Tensor, Tensor], None]
"""Filters, gradients, momentum buffers, the rate and the decay's factor; filters and buffers are changed in place."""


class FilterRule(Hashable, Protocol):
    """What the pieces of a step do; equal rules are equal, and one may be a key."""

    @property
    def decay(self) -> float:
        """The decoupled weight decay, which the rate scales."""

    def directions(self, gradients: list[Tensor], buffers: list[Tensor], compiler: Compiler) -> list[Tensor]:
        """Where gradients point after momentum, which changes the buffers in place, and Newton-Schulz."""

    def apply(self, filters: list[Tensor], directions: list[Tensor], rate: float) -> None:
        """Change filters in place: the update, then the decay."""


@dataclass(frozen=True, kw_only=True)
class FilterStep(Part):
    """Slot: how momentum, Newton-Schulz and update of the filters are run."""

    @abstractmethod
    def step(
        self,
        rule: FilterRule,
        filters: list[Tensor],
        gradients: list[Tensor],
        buffers: list[Tensor],
        rate: float,
        compiler: Compiler,
    ) -> None:
        """One update of filters (C_out, C_in, h, w) and their momentum buffers, in place."""


@dataclass(frozen=True, kw_only=True)
class StepInParts(FilterStep):
    """Each by itself, as their own slots have them."""

    def step(
        self,
        rule: FilterRule,
        filters: list[Tensor],
        gradients: list[Tensor],
        buffers: list[Tensor],
        rate: float,
        compiler: Compiler,
    ) -> None:
        """Momentum, then Newton-Schulz, then the update with its decay."""
        rule.apply(filters, rule.directions(gradients, buffers, compiler), rate)


@dataclass(frozen=True, kw_only=True)
class StepAsOne(FilterStep):
    """One compiled graph over the filters as they lie in memory.

    Newton-Schulz does not mind in which order a matrix has its columns, so filters in channels_last are taken as (C_out, h·w·C_in)
    and nothing is put into another order. The rate and the decay's factor are tensors, so that no step compiles anything, and no
    value waits for the device. The factor is exactly 1 where rounding would undo the decay.
    """

    def step(
        self,
        rule: FilterRule,
        filters: list[Tensor],
        gradients: list[Tensor],
        buffers: list[Tensor],
        rate: float,
        compiler: Compiler,
    ) -> None:
        """One call; the values agree with those of the pieces to the rounding of what is no longer kept between them."""
        dtype, device = filters[0].dtype, filters[0].device
        numbers = torch.promote_types(dtype, torch.float32)
        factor = felt_factor(rate * rule.decay, dtype)
        compiler.function(whole_step(rule), "default")(
            filters,
            gradients,
            buffers,
            torch.full((), rate, dtype=numbers, device=device),
            torch.full((), factor, dtype=numbers, device=device),
        )


def felt_factor(decay: float, dtype: torch.dtype) -> float:
    """The factor 1 - decay on weights of a dtype, or 1 where no product with it rounds to another value than the weight.

    The nearest value below a weight is nearest, relative to it, for powers of two: half the dtype's epsilon. Less than half of that
    way is rounded back, and half of it too, to even.
    """
    return 1 - decay if decay > torch.finfo(dtype).eps / 4 else 1.0


@cache
def whole_step(rule: FilterRule) -> WholeStep:
    """The function to be compiled for a rule, the same one whenever it is asked for."""

    def step(
        filters: list[Tensor], gradients: list[Tensor], buffers: list[Tensor], rate: Tensor, factor: Tensor
    ) -> None:
        is_last = [channels_last(weight) for weight in filters]
        weights, slopes, momenta = (
            [each.permute(0, 2, 3, 1) if last else each for each, last in zip(tensors, is_last, strict=True)]
            for tensors in (filters, gradients, buffers)
        )
        # Compiled from outside: a compiled function inside another would only be inlined.
        directions = rule.directions(slopes, momenta, NoCompile())
        torch._foreach_sub_(weights, torch._foreach_mul(directions, rate))
        torch._foreach_mul_(weights, factor)

    return step


def channels_last(filter_OIHW: Tensor) -> bool:
    """Whether a filter's input channels lie side by side in memory."""
    return not filter_OIHW.is_contiguous() and filter_OIHW.is_contiguous(memory_format=torch.channels_last)
