"""What a network of convolutions is made of between its first layer and its head: one stage for each width."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass

from torch import Tensor, nn

from ablate.parts.first_layer import MakeNorm
from ablate.parts.network import Activation
from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class Stage(Part):
    """Slot: what one stage of a network of convolutions is; each halves the image's sides, but for a ResNet's first."""

    @abstractmethod
    def build(
        self, in_channels: int, channels: int, place: int, activation: Activation, make_norm: MakeNorm
    ) -> nn.Module:
        """The stage at a place (from 0), (N, in_channels, H, W) to (N, channels, ·, ·)."""


@dataclass(frozen=True, kw_only=True)
class ConvPair(Stage):
    """conv, max-pool 2, norm, activation, conv, norm, activation: a group of airbench94 and airbench95."""

    def build(
        self, in_channels: int, channels: int, place: int, activation: Activation, make_norm: MakeNorm
    ) -> nn.Module:
        """(N, in_channels, H, W) to (N, channels, H // 2, W // 2)."""
        return nn.Sequential(
            *_pooled(in_channels, channels, activation, make_norm),
            *_normed(channels, activation, make_norm),
        )


@dataclass(frozen=True, kw_only=True)
class ResidualTriple(Stage):
    """A third convolution, and a skip from the first activation to before the last: a group of airbench96."""

    def build(
        self, in_channels: int, channels: int, place: int, activation: Activation, make_norm: MakeNorm
    ) -> nn.Module:
        """(N, in_channels, H, W) to (N, channels, H // 2, W // 2)."""
        second, third = _normed(channels, activation, make_norm), _normed(channels, activation, make_norm)
        last_activation = third.pop()
        return nn.Sequential(
            *_pooled(in_channels, channels, activation, make_norm),
            Residual(nn.Sequential(*second, *third), nn.Identity(), last_activation),
        )


@dataclass(frozen=True, kw_only=True)
class BasicBlocks(Stage):
    """Two basic blocks of a ResNet, each conv, norm, activation, conv, norm, plus a shortcut, activation (arXiv:1512.03385).

    The first block of every stage but the first has stride 2. A shortcut is a 1×1 convolution and a norm where shapes differ.
    """

    def build(
        self, in_channels: int, channels: int, place: int, activation: Activation, make_norm: MakeNorm
    ) -> nn.Module:
        """(N, in_channels, H, W) to (N, channels, H, W) at place 0, else with sides halved and rounded up."""
        stride = 1 if place == 0 else 2
        return nn.Sequential(
            _basic_block(in_channels, channels, stride, activation, make_norm),
            _basic_block(channels, channels, 1, activation, make_norm),
        )


@dataclass(frozen=True, kw_only=True)
class ResNet9Stage(Stage):
    """conv, norm, activation, max-pool 2; at the places `residuals` plus what two more of conv, norm, activation make of that.

    `pool_first`: the pool comes before the norm instead, which normalises a quarter as many pixels (davidcpage/cifar10-fast).
    """

    pool_first: bool = False
    residuals: tuple[int, ...] = (0, 2)

    def build(
        self, in_channels: int, channels: int, place: int, activation: Activation, make_norm: MakeNorm
    ) -> nn.Module:
        """(N, in_channels, H, W) to (N, channels, H // 2, W // 2)."""
        if self.pool_first:
            halved = _pooled(in_channels, channels, activation, make_norm)
        else:
            halved = [conv(in_channels, channels), make_norm(channels), activation.build(), nn.MaxPool2d(2)]
        if place in self.residuals:
            inside = _normed(channels, activation, make_norm) + _normed(channels, activation, make_norm)
            halved.append(Residual(nn.Sequential(*inside), nn.Identity(), nn.Identity()))
        return nn.Sequential(*halved)


class Residual(nn.Module):
    """activation(inside(x) + shortcut(x))."""

    def __init__(self, inside: nn.Module, shortcut: nn.Module, activation: nn.Module) -> None:
        super().__init__()
        self.inside, self.shortcut, self.activation = inside, shortcut, activation

    def forward(self, features: Tensor) -> Tensor:
        """Any shape that both paths take to the same one."""
        return self.activation(self.inside(features) + self.shortcut(features))


def norm_biases(stages: Iterable[nn.Module]) -> list[Tensor]:
    """The biases of the normalisation layers, in order from the input."""
    return [module.bias for stage in stages for module in stage.modules() if isinstance(module, nn.BatchNorm2d)]


def _pooled(in_channels: int, channels: int, activation: Activation, make_norm: MakeNorm) -> list[nn.Module]:
    return [conv(in_channels, channels), nn.MaxPool2d(2), make_norm(channels), activation.build()]


def _normed(channels: int, activation: Activation, make_norm: MakeNorm) -> list[nn.Module]:
    return [conv(channels, channels), make_norm(channels), activation.build()]


def _basic_block(
    in_channels: int, channels: int, stride: int, activation: Activation, make_norm: MakeNorm
) -> nn.Module:
    inside = nn.Sequential(
        conv(in_channels, channels, stride=stride),
        make_norm(channels),
        activation.build(),
        conv(channels, channels),
        make_norm(channels),
    )
    same = stride == 1 and in_channels == channels
    shortcut = nn.Identity() if same else nn.Sequential(_pointwise(in_channels, channels, stride), make_norm(channels))
    return Residual(inside, shortcut, activation.build())


def conv(in_channels: int, channels: int, stride: int = 1) -> nn.Conv2d:
    """A 3×3 convolution without a bias, padded by one."""
    return nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)


def _pointwise(in_channels: int, channels: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False)
