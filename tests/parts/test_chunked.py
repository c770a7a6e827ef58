"""The first layer of hlb-CIFAR10."""

import pytest
import torch
from torch import Tensor

from ablate.parts import ChunkWhitenedConv, Gelu, Scale
from ablate.parts.first_layer import FirstConv
from ablate.parts.standardisation import OwnMoments

IMAGES = torch.rand(60, 3, 32, 32, generator=torch.Generator().manual_seed(5))
IMAGES = torch.nn.functional.avg_pool2d(IMAGES, (3, 5), 1, (1, 2))
IMAGES = torch.stack([IMAGES[:, 0], (IMAGES[:, 0] + IMAGES[:, 1]) / 2, (IMAGES[:, 1] + 2 * IMAGES[:, 2]) / 3], 1)
"""Neighbours alike, columns more than rows and channels in pairs, so that eigenvalues lie apart."""


def prepared(part: ChunkWhitenedConv) -> tuple[FirstConv, Tensor]:
    layer = part.build(Scale(width=0.25), Gelu(), torch.nn.BatchNorm2d)
    normalise = OwnMoments().fitted(IMAGES)
    with torch.no_grad():
        part.prepare_normalised(layer, IMAGES, Scale(), normalise)
    return layer, normalise(IMAGES)


def patches(images: Tensor) -> Tensor:
    """(N·31·31, 12), by another way than the part's."""
    return torch.nn.functional.unfold(images, 2).transpose(1, 2).reshape(-1, 12).double()


def test_one_chunk_whitens_but_for_eps() -> None:
    layer, images = prepared(ChunkWhitenedConv(chunks=1, eps=0.0))
    rows = layer.conv.weight.reshape(12, 12).double()
    covariance = torch.cov((patches(images) @ rows.T).T)
    torch.testing.assert_close(covariance, torch.eye(12, dtype=torch.float64), atol=2e-3, rtol=0)
    norms = rows.norm(dim=1)
    assert norms.tolist() == sorted(norms.tolist()), "the largest eigenvalue first"
    assert layer.conv.bias is None
    assert not layer.conv.weight.requires_grad


def test_eigenvalues_and_eigenvectors_are_averaged_over_the_chunks() -> None:
    layer, images = prepared(ChunkWhitenedConv(chunks=3, negatives=True))
    values, vectors = [], []
    for chunk in images.split(20):
        value, vector = torch.linalg.eigh(torch.cov(patches(chunk).float().T), UPLO="U")
        values.append(value.flip(0))
        vectors.append(vector.T.flip(0))
    mean = torch.stack(vectors).mean(0) / (torch.stack(values).mean(0) + 1e-2).sqrt()[:, None]
    found = layer.conv.weight.reshape(24, 12)
    assert torch.equal(found[:12], -found[12:])
    torch.testing.assert_close((found[:12] @ mean.T).diagonal().abs(), mean.square().sum(1), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize(("negatives", "channels"), [(False, 12), (True, 24)])
def test_negatives_double_the_filters_whatever_the_scale(negatives: bool, channels: int) -> None:
    layer, images = prepared(ChunkWhitenedConv(negatives=negatives))
    assert layer.channels == channels
    assert layer(images[:2], True).shape == (2, channels, 31, 31)
