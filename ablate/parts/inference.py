"""Which network makes the final predictions."""

from abc import abstractmethod
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import nn

from ablate.parts.compiler import Compiler
from ablate.parts.network import WhitenedConvNet
from ablate.parts.part import Part

PredictingNetwork: TypeAlias = Callable[[nn.Module], nn.Module]
"""The trained network in evaluation mode, to the one that predicts in its place; called inside the clock, without gradients."""


@dataclass(frozen=True, kw_only=True)
class Inference(Part):
    """Slot: the network that makes the final predictions; validation sees the trained one."""

    @abstractmethod
    def build(self, network: WhitenedConvNet, compiler: Compiler) -> PredictingNetwork:
        """Prepare what predicts for a network that is not compiled yet, and compile it if it is another."""


@dataclass(frozen=True, kw_only=True)
class AsTrained(Inference):
    """The trained network itself."""

    def build(self, network: WhitenedConvNet, compiler: Compiler) -> PredictingNetwork:
        """Nothing to prepare."""
        return as_trained


@dataclass(frozen=True, kw_only=True)
class FoldedNorms(Inference):
    """A second network without norms, whose convolutions have their scales in the weights and their shifts as biases.

    Computed in float32 and rounded once. A convolution's max-pool comes before its norm, and the maximum of what is scaled is the
    scaled maximum, since scales are positive.
    """

    def build(self, network: WhitenedConvNet, compiler: Compiler) -> PredictingNetwork:
        """The second network, which shares with the first what has no norm.

        Raises:
            ValueError: a norm's scale is trained, so that it may become negative.
        """
        folded = _without_norms(network)
        compiler.model(folded)

        def fold(trained: nn.Module) -> nn.Module:
            assert trained is network, "what was prepared for one network predicts for no other"
            _fold_norms(network, folded)
            return folded

        return fold


def as_trained(trained: nn.Module) -> nn.Module:
    """The trained network itself."""
    return trained


def _without_norms(network: WhitenedConvNet) -> WhitenedConvNet:
    norms = [norm for group in network.conv_groups() for _, norm in group.normed_convs()]
    if any(norm.weight.requires_grad for norm in norms):
        raise ValueError(
            "FoldedNorms takes norms whose scale is not trained: a negative one and a max-pool do not commute"
        )
    folded = deepcopy(network).eval().requires_grad_(False)
    folded.whiten, folded.head = network.whiten, network.head
    for group in folded.conv_groups():
        for conv in (group.conv1, group.conv2):
            conv.bias = nn.Parameter(torch.zeros_like(conv.weight[:, 0, 0, 0]), requires_grad=False)
        group.add_module("norm1", nn.Identity())
        group.add_module("norm2", nn.Identity())
    return folded


@torch.no_grad()
def _fold_norms(network: WhitenedConvNet, folded: WhitenedConvNet) -> None:
    for group, into in zip(network.conv_groups(), folded.conv_groups(), strict=True):
        for (conv, norm), target in zip(group.normed_convs(), (into.conv1, into.conv2), strict=True):
            assert norm.running_mean is not None
            assert norm.running_var is not None
            assert target.bias is not None
            scale = norm.weight.float() * (norm.running_var.float() + norm.eps).rsqrt()
            target.weight.copy_(conv.weight.float() * scale.view(-1, 1, 1, 1))
            target.bias.copy_(norm.bias.float() - norm.running_mean.float() * scale)
