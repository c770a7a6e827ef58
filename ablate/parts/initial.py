"""Starting values, drawn in float32 from a stream of their own whatever the network's dtype."""

import math
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class Initial(Part):
    """Slot: what a convolution's weights start from."""

    @abstractmethod
    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Give weights (C_out, C_in, h, w) new values in place; draws come from `generator`."""


@dataclass(frozen=True, kw_only=True)
class UniformInitial(Initial):
    """PyTorch's default for convolutions."""

    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Uniform in ±1/sqrt(fan_in)."""
        copy_uniform(weight, weight[0].numel(), generator)


@dataclass(frozen=True, kw_only=True)
class DiracInitial(UniformInitial):
    """PyTorch's default, then identity filters for the first min(C_in, C_out) outputs: they pass their inputs on (arXiv:1706.00388)."""

    def reset(self, weight: Tensor, generator: torch.Generator) -> None:
        """Uniform in ±1/sqrt(fan_in), the first filters overwritten."""
        super().reset(weight, generator)
        nn.init.dirac_(weight[: weight.shape[1]])


@dataclass(frozen=True, kw_only=True)
class FirstFilters(Part):
    """Slot: what the filters of the first trained convolution start from where no identity filter has been put."""

    @abstractmethod
    def start(self, weight: Tensor) -> None:
        """Change drawn weights (C_out, C_in, 3, 3) in place; the first C_in of them are identity filters."""


@dataclass(frozen=True, kw_only=True)
class DrawnFilters(FirstFilters):
    """PyTorch's default, as drawn."""

    def start(self, weight: Tensor) -> None:
        """As they are."""


@dataclass(frozen=True, kw_only=True)
class CosineFilters(FirstFilters):
    """Edges and textures of one input channel each: the discrete cosine transform's patterns of 3×3 pixels but for the constant one.

    The eight patterns of the first channel, those of the second, and so on, each of norm 1 as identity filters are. After whitening
    in descending order the first channels are the smoothest: five of them fill airbench's 64 filters, of which 24 are identities.
    A network of at most 24 filters there, a quarter of the width as published, has none to set.
    """

    def start(self, weight: Tensor) -> None:
        """Set all but the first C_in filters; one for which no channel is left stays as drawn."""
        identities = weight.shape[1]
        patterns = cosine_patterns()[1:].to(weight)
        for place, drawn in enumerate(weight[identities : identities + len(patterns) * identities]):
            channel, pattern = divmod(place, len(patterns))
            drawn.zero_()
            drawn[channel] = patterns[pattern]


def cosine_patterns() -> Tensor:
    """The orthonormal discrete cosine transform (DCT-II) of 3×3 pixels: (9, 3, 3), the constant pattern first."""
    frequencies, pixels = torch.arange(3.0)[:, None], torch.arange(3.0)[None]
    waves = torch.cos(math.pi * frequencies * (2 * pixels + 1) / 6)
    waves = waves / waves.norm(dim=1, keepdim=True)
    return torch.einsum("ay,bx->abyx", waves, waves).reshape(9, 3, 3)


def copy_uniform(parameter: Tensor, fan_in: int, generator: torch.Generator) -> None:
    """PyTorch's default initialisation in place: uniform in ±1/sqrt(fan_in)."""
    parameter.copy_(uniform_like(parameter, fan_in, generator))


def uniform_like(parameter: Tensor, fan_in: int, generator: torch.Generator) -> Tensor:
    """PyTorch's default initialisation of convolutions and linear layers in float32: uniform in ±1/sqrt(fan_in)."""
    draw = torch.empty(parameter.shape, dtype=torch.float32, device=parameter.device)
    bound = 1 / math.sqrt(fan_in)
    return draw.uniform_(-bound, bound, generator=generator)
