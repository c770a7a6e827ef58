"""A network of convolutions put together from a recipe's parts: first layer, stages, head."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from ablate.parts.first_layer import FirstConv, FirstLayer
from ablate.parts.head import Head
from ablate.parts.initial import Initial, copy_uniform
from ablate.parts.network import Activation
from ablate.parts.norms import Norms, in_ghost_batches
from ablate.parts.precision import Precision
from ablate.parts.scale import Scale
from ablate.parts.stages import Stage, norm_biases


class TrainedNetwork(nn.Module, ABC):
    """Images (N, 3, 32, 32) to logits, as the SGD family's loop trains it."""

    first: FirstConv
    """What is prepared from the training images."""

    @abstractmethod
    def forward(self, images_NCHW: Tensor, train_first_bias: bool = True) -> Tensor:
        """Logits."""

    @abstractmethod
    def scaled_biases(self) -> list[Tensor]:
        """What is trained at a rate of its own."""

    def other_parameters(self) -> list[Tensor]:
        """All other parameters that are trained."""
        scaled = {id(bias) for bias in self.scaled_biases()}
        return [value for value in self.parameters() if value.requires_grad and id(value) not in scaled]

    def state(self) -> list[Tensor]:
        """Weights and running statistics, what an average is over; frozen weights are Parameters here, the others are not."""
        values = (value for value in self.state_dict(keep_vars=True).values() if value.is_floating_point())
        return [value.detach() if value.requires_grad else value for value in values]


class ConvNet(TrainedNetwork):
    """Images (N, 3, 32, 32) to logits (N, 10)."""

    def __init__(self, first: FirstConv, stages: Sequence[nn.Module], head: nn.Module, precision: Precision) -> None:
        super().__init__()
        self.precision = precision
        self.first = first
        self.stages = nn.Sequential(*stages)
        self.head = head

    def forward(self, images_NCHW: Tensor, train_first_bias: bool = True) -> Tensor:
        """Logits."""
        features = self.first(self.precision.arrange(images_NCHW), train_first_bias)
        return self.head(self.stages(features))

    def scaled_biases(self) -> list[Tensor]:
        """The biases of the stages' norms, which have a rate of their own; of a norm in the first layer where that says so."""
        return [*self.first.scaled_biases(), *norm_biases(self.stages)]


def build_conv_net(
    *,
    first_layer: FirstLayer,
    widths: Sequence[int],
    stage: Stage,
    activation: Activation,
    norms: Norms,
    norm_momentum: float,
    norm_splits: int = 1,
    head: Head,
    precision: Precision,
    scale: Scale,
    compute_dtype: torch.dtype,
    device: torch.device,
) -> ConvNet:
    """The network in `compute_dtype`, its norms in the precision's dtype, weights in its layout; `reset_conv_net` gives it values.

    Raises:
        ValueError: the stages leave maps of another size than the head takes.
    """

    def make_norm(channels: int) -> nn.BatchNorm2d:
        return in_ghost_batches(norms.build(channels, norm_momentum), norm_splits)

    first = first_layer.build(scale, activation, make_norm)
    channels = [first.channels, *(scale.channels(width) for width in widths)]
    stages = [
        stage.build(before, after, place, activation, make_norm)
        for place, (before, after) in enumerate(pairwise(channels))
    ]
    network = ConvNet(first, stages, head.build(channels[-1]), precision)
    _check_maps(network, head)
    network = network.to(device, compute_dtype)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.to(precision.norm_dtype(compute_dtype))
    network = network.to(memory_format=precision.weights_format)
    network.first.conv.to(memory_format=first_layer.weights_format or precision.weights_format)
    return network


@torch.no_grad()
def _check_maps(network: ConvNet, head: Head) -> None:
    """Try one image: what PyTorch says of maps that do not fit names no part."""
    network.eval()
    maps = network.stages(network.first(torch.zeros(1, 3, 32, 32), True))
    network.train()
    height, width = maps.shape[2:]
    # Pooling leaves out a border narrower than itself.
    if head.side is not None and {height // head.side, width // head.side} != {1}:
        raise ValueError(
            f"{len(network.stages)} stages leave maps of {height}×{width}, and {type(head).__name__} takes {head.side}×{head.side}"
        )


@torch.no_grad()
def reset_conv_net(network: nn.Module, initial: Initial, generator: torch.Generator) -> None:
    """Give a network new starting values in place, layer by layer from the input.

    Convolutions as `initial` has them, by their place where they are in `stages`, their biases zero; linear layers as PyTorch does;
    norms 1, 0, 0, 1.
    """
    later = {id(module) for stage in getattr(network, "stages", ()) for module in _convolutions(stage)[1:]}
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            (initial.reset_later if id(module) in later else initial.reset)(module.weight, generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.Linear):
            copy_uniform(module.weight, module.in_features, generator)
            if module.bias is not None:
                copy_uniform(module.bias, module.in_features, generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    network.zero_grad(set_to_none=True)


def _convolutions(stage: nn.Module) -> list[nn.Module]:
    return [module for module in stage.modules() if isinstance(module, nn.Conv2d)]
