"""The networks of airbench93 to airbench96, fresh, as a training takes them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache

import torch

from ablate.airbench.randomness import streams_of
from ablate.errors import UsageError
from ablate.lineages.agreement import registry_of_lineage
from ablate.lineages.lookup import find_lineage
from ablate.parts import NoCompile, Scale
from ablate.parts.convnet import ConvNet, reset_conv_net
from ablate.recipes.sgd import SgdRecipe
from ablate.training import sgd_loop
from ablate.training.session import Streams, compute_dtype_of, open_device

MakeNet = Callable[[], torch.nn.Module]
"""Gives the network to train."""

Widths = Mapping[str, int] | Sequence[int]
"""Channels of the three groups: {"block1": 64, "block2": 256, "block3": 256}, or (64, 256, 256)."""

BLOCKS = ("block1", "block2", "block3")

_training: ContextVar[Streams | None] = ContextVar("training", default=None)
"""The streams of the training that a network is being made for."""


@dataclass(frozen=True, kw_only=True)
class _AsGiven(Scale):
    """Channels as they are told, multiples of eight or not."""

    def channels(self, published: int) -> int:
        """All of them."""
        return published


@cache
def published_recipe(lineage: str) -> SgdRecipe:
    """The recipe of a lineage with all its features on, eager, as the airbench package trains it."""
    registry = registry_of_lineage(find_lineage(lineage))
    recipe = registry.compose(registry.names)
    assert isinstance(recipe, SgdRecipe)
    return replace(recipe, compiler=NoCompile())


def make_net93(widths: Widths | None = None, batchnorm_momentum: float = 0.6, *, device: str = "auto") -> ConvNet:
    """airbench93's network: airbench94's with groups of 64, 128 and 128 channels; see `make_net94`."""
    return make_net("airbench94", (64, 128, 128) if widths is None else widths, batchnorm_momentum, device)


def make_net94(widths: Widths | None = None, batchnorm_momentum: float = 0.6, *, device: str = "auto") -> ConvNet:
    """airbench94's network, fresh: images (N, 3, 32, 32) to logits (N, 10), groups of 64, 256 and 256 channels unless told.

    In the device's compute dtype but for its norms; its first layer is not whitened yet, which training does. `batchnorm_momentum`
    is the share of the running statistics that a batch leaves (PyTorch's momentum is one minus it). Within a training, "auto" is the
    device of its images, and its seed gives the values.

    Raises:
        UsageError: widths that are no three numbers of channels, a share outside 0 to 1, no such device.
    """
    return make_net("airbench94", widths, batchnorm_momentum, device)


def make_net95(widths: Widths | None = None, batchnorm_momentum: float = 0.6, *, device: str = "auto") -> ConvNet:
    """airbench95's network: groups of 128, 384 and 384 channels; see `make_net94`."""
    return make_net("airbench95", widths, batchnorm_momentum, device)


def make_net96(widths: Widths | None = None, batchnorm_momentum: float = 0.9, *, device: str = "auto") -> ConvNet:
    """airbench96's network: groups of 128, 384 and 512 channels, of three convolutions and a skip; see `make_net94`."""
    return make_net("airbench96", widths, batchnorm_momentum, device)


def make_net(lineage: str, widths: Widths | None, batchnorm_momentum: float, device: str) -> ConvNet:
    """The network of a lineage; see `make_net94`."""
    if not 0 <= batchnorm_momentum < 1:
        raise UsageError(f"batchnorm_momentum is {batchnorm_momentum}; write the share to keep, from 0 to below 1.")
    training = _training.get()
    asked = training.device if training is not None and device == "auto" else open_device(device)
    # "cuda" is the current GPU, which has a number.
    opened = torch.empty(0, device=asked).device
    recipe = replace(
        published_recipe(lineage),
        # 1 - 0.9 is not 0.1 but for rounding.
        norm_momentum=round(1 - batchnorm_momentum, 12),
        scale=_AsGiven(),
    )
    if widths is not None:
        recipe = replace(recipe, widths=_channels(widths))
    network = sgd_loop.build_network(recipe, compute_dtype_of(opened), opened).network
    assert isinstance(network, ConvNet)
    streams = training if training is not None and training.device == opened else streams_of(None, opened)
    reset_conv_net(network, recipe.initial, streams["init"])
    return network


def _channels(widths: Widths) -> tuple[int, ...]:
    named = isinstance(widths, Mapping)
    if named and set(widths) != set(BLOCKS):
        raise UsageError(f"widths are told for {', '.join(map(str, widths)) or 'no block'}; tell {', '.join(BLOCKS)}.")
    channels = tuple(widths[block] for block in BLOCKS) if isinstance(widths, Mapping) else tuple(widths)
    if len(channels) != len(BLOCKS) or not all(isinstance(each, int) and each > 0 for each in channels):
        raise UsageError(
            f"widths are {widths!r}; write three numbers of channels, as in dict(block1=64, block2=256, block3=256)."
        )
    return channels


@contextmanager
def made_for(streams: Streams) -> Iterator[None]:
    """Networks made meanwhile are on a training's device, with values of its draws."""
    token = _training.set(streams)
    try:
        yield
    finally:
        _training.reset(token)
