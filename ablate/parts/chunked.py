"""hlb-CIFAR10's first layer: filters that whiten the patches of the whole training set, computed chunk by chunk."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ablate.parts.augment import normalised
from ablate.parts.first_layer import FirstConv, FirstLayer, MakeNorm
from ablate.parts.network import WHITENING_KERNEL, Activation
from ablate.parts.part import Bounds
from ablate.parts.scale import Scale
from ablate.parts.standardisation import Normalise
from ablate.parts.whitening import centred_principal_axes

FILTERS = 3 * WHITENING_KERNEL**2


@dataclass(frozen=True, kw_only=True)
class ChunkWhitenedConv(FirstLayer):
    """A frozen 2×2 convolution without a bias, and the activation: filters that whiten the patches of all training images.

    As published, eigenvalues and eigenvectors of the centred covariance are both averaged over `chunks` parts of the set: nothing
    keeps the eigenvectors' signs alike from part to part, nor their average of unit length. Ours are in storage order, the script's
    drawn. `eps` is added to every average eigenvalue. `negatives`: whether each filter has its negative beside it. The weight lies in
    plain NCHW, as the published one does, which replaces the layer's own.
    """

    weights_format: ClassVar[torch.memory_format | None] = torch.contiguous_format

    parameter_bounds: ClassVar[Mapping[str, Bounds]] = {"chunks": Bounds(least=1), "eps": Bounds()}

    chunks: int = 10
    eps: float = 1e-2
    negatives: bool = False

    def build(self, scale: Scale, activation: Activation, make_norm: MakeNorm) -> FirstConv:
        """(N, 3, 32, 32) to (N, 12, 31, 31), or 24 with negatives, whatever the scale."""
        conv = nn.Conv2d(3, FILTERS * (2 if self.negatives else 1), WHITENING_KERNEL, bias=False)
        conv.weight.requires_grad_(False)
        return FirstConv(conv, nn.Identity(), activation.build())

    def prepare(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale) -> None:
        """From images normalised as CIFAR-10 is published."""
        self.prepare_normalised(layer, images_NCHW, scale, normalised)

    def prepare_normalised(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale, normalise: Normalise) -> None:
        """Filters in descending order of eigenvalue, then their negatives; divided by the root in the weight's dtype, as published."""
        weight = layer.conv.weight
        chunks = images_NCHW.split(math.ceil(len(images_NCHW) / self.chunks))
        axes = [centred_principal_axes(normalise(chunk)) for chunk in chunks]
        values, vectors = (torch.stack(each).mean(0).to(weight.dtype) for each in zip(*axes, strict=True))
        rows = (vectors / torch.sqrt(values + self.eps)[:, None]).reshape(FILTERS, *weight.shape[1:])
        weight.copy_(torch.cat([rows, -rows]) if self.negatives else rows)
