"""The network that a user's function gives, of this package's making or of the user's own, as the loop trains it."""

from typing import Any

import torch
from torch import Tensor, nn

from ablate.airbench.inference import in_dtype_of
from ablate.airbench.networks import MakeNet, made_for
from ablate.errors import UsageError
from ablate.parts.convnet import ConvNet, TrainedNetwork
from ablate.parts.first_layer import FirstConv
from ablate.training.session import Streams

NAMED_NORM = "norm"
"""What a parameter's name has in it that learns at the rate of the norms' biases."""


class OwnNetwork(TrainedNetwork):
    """A user's network, whose convolution at [0] is whitened; only while training is it called through this."""

    def __init__(self, network: nn.Module, conv: nn.Conv2d) -> None:
        super().__init__()
        self.network = network
        self.first = FirstConv(conv, nn.Identity(), nn.Identity())

    def forward(self, images_NCHW: Tensor, train_first_bias: bool = True) -> Tensor:
        """Logits; a bias that needs no gradient gets none, so that its optimiser leaves it alone."""
        assert self.first.conv.bias is not None
        self.first.conv.bias.requires_grad_(train_first_bias)
        logits = self.network(images_NCHW)
        assert isinstance(logits, Tensor)
        return logits

    def scaled_biases(self) -> list[Tensor]:
        """The parameters that are named after a norm, as in airbench."""
        named = self.network.named_parameters()
        return [value for name, value in named if NAMED_NORM in name and value.requires_grad]

    def state(self) -> list[Tensor]:
        """The network's, in which the first layer is once."""
        held = self.network.state_dict().values()
        return [each for each in held if isinstance(each, Tensor) and each.is_floating_point()]


def network_to_train(make: MakeNet, streams: Streams) -> nn.Module:
    """The network that a user's function gives, on the training's device and with the training's draws where it leaves them open.

    Raises:
        UsageError: it is none, or it is on another device.
    """
    if not callable(make) or isinstance(make, nn.Module):
        shown = type(make).__name__ if isinstance(make, nn.Module) else repr(make)
        raise UsageError(f"make_net is {shown}; give a function without arguments, such as make_net94.")
    with made_for(streams):
        network: Any = make()
    if not isinstance(network, nn.Module):
        raise UsageError(f"make_net gave {type(network).__name__}; give a function that makes a torch.nn.Module.")
    elsewhere = {value.device for value in network.parameters()} - {streams.device}
    if elsewhere:
        places = ", ".join(sorted(map(str, elsewhere)))
        raise UsageError(
            f"make_net gave a network on {places}, and the images are on {streams.device}. "
            f"Leave device of make_net… at 'auto', which follows the loader; move your own: .to('{streams.device}')."
        )
    return network


def as_trained(network: nn.Module) -> TrainedNetwork:
    """A network as the loop takes it.

    Raises:
        UsageError: it has no convolution at [0] that can be whitened.
    """
    return network if isinstance(network, ConvNet) else OwnNetwork(network, _first_conv(network))


def _first_conv(network: Any) -> nn.Conv2d:
    try:
        first = network[0]
    except (TypeError, LookupError):
        first = None
    if not isinstance(first, nn.Conv2d):
        raise _cannot_be_whitened(network, "nothing" if first is None else type(first).__name__)
    filters, channels, height, width = first.weight.shape
    if (filters, channels) != (2 * 3 * height * width, 3):
        raise _cannot_be_whitened(network, f"{filters} filters of {channels}×{height}×{width}")
    if first.bias is None:
        raise _cannot_be_whitened(network, "a Conv2d without a bias")
    return first


def _cannot_be_whitened(network: nn.Module, found: str) -> UsageError:
    return UsageError(
        f"make_net gave {type(network).__name__} with {found} at [0], where this loop whitens a convolution and trains its bias.\n"
        "Begin it with torch.nn.Conv2d(3, 24, 2), or (3, 2·3·k·k, k) of another k, or train it in a loop over CifarLoader."
    )


@torch.no_grad()
def num_classes(network: nn.Module, images_NCHW: Tensor) -> int:
    """How many classes a network tells apart, seen by what it makes of normalised images.

    Raises:
        UsageError: it makes no logits of them.
    """
    logits = network.eval()(in_dtype_of(network, images_NCHW))
    if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != len(images_NCHW):
        made = f"shape {tuple(logits.shape)}" if isinstance(logits, Tensor) else f"a {type(logits).__name__}"
        raise UsageError(
            f"make_net gave a network that makes {made} of {len(images_NCHW)} images; let it give logits of shape (N, classes)."
        )
    return logits.shape[1]
