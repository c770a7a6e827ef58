import pytest
import torch
from torch import Tensor

from ablate.parts import DescendingEigenWhitening, EigenWhitening, SvdWhitening
from ablate.parts.whitening import patch_moment


@pytest.fixture(scope="module")
def images() -> Tensor:
    """Smooth random images: neighbouring pixels and channels correlate, as in photographs, and the mean is not zero."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.randn(60, 3, 8, 8, generator=generator) + torch.randn(60, 1, 8, 8, generator=generator) + 0.7
    smooth = torch.nn.functional.interpolate(coarse, size=32, mode="bilinear")
    return smooth + 0.2 * torch.randn(smooth.shape, generator=generator)


@pytest.fixture(scope="module")
def patches(images: Tensor) -> Tensor:
    """Every overlapping 2×2 patch as a (channel, row, column) vector, cut out one place at a time."""
    places = [images[:, :, y : y + 2, x : x + 2].reshape(len(images), 12) for y in range(31) for x in range(31)]
    return torch.cat(places).double()


def test_the_moment_is_uncentred_and_over_all_overlapping_patches(images: Tensor, patches: Tensor) -> None:
    moment = patch_moment(images)
    assert len(patches) == 60 * 31 * 31
    assert moment.dtype == torch.float32
    torch.testing.assert_close(moment.double(), patches.T @ patches / len(patches), rtol=1e-4, atol=1e-4)
    centred = patches - patches.mean(0)
    assert (moment - centred.T @ centred / len(patches)).abs().max() > 0.1


def test_half_precision_images_are_summed_in_float32(images: Tensor, patches: Tensor) -> None:
    moment = patch_moment(images.half())
    assert moment.dtype == torch.float32
    torch.testing.assert_close(moment.double(), patches.T @ patches / len(patches), rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("whitening", [EigenWhitening(), SvdWhitening()], ids=["eigen", "svd"])
def test_whitened_patches_are_uncorrelated_with_unit_variance(
    whitening: EigenWhitening | SvdWhitening, images: Tensor, patches: Tensor
) -> None:
    filters = whitening.filters(images)
    assert filters.shape == (24, 3, 2, 2)
    assert torch.equal(filters[12:], -filters[:12])
    responses = patches @ filters[:12].reshape(12, 12).double().T
    moment = responses.T @ responses / len(patches)
    # eps shrinks the smallest directions a little.
    torch.testing.assert_close(moment, torch.eye(12, dtype=torch.float64), atol=0.03, rtol=0)


def test_svd_gives_the_eigendecompositions_filters_in_reverse_and_up_to_sign(images: Tensor) -> None:
    ascending = EigenWhitening().filters(images)[:12].reshape(12, 12)
    descending = SvdWhitening().filters(images)[:12].reshape(12, 12)
    signs = (ascending.flip(0) * descending).sum(1).sign()
    torch.testing.assert_close(signs[:, None] * descending, ascending.flip(0), rtol=5e-3, atol=5e-3)
    norms = ascending.norm(dim=1)
    assert (norms.diff() < 0).all(), "the smallest eigenvalue, which has the longest filter, comes first"


def test_filters_are_eigenvectors_over_the_root_of_their_eigenvalue(images: Tensor, patches: Tensor) -> None:
    moment = patches.T @ patches / len(patches)
    for vector in EigenWhitening().filters(images)[:12].reshape(12, 12).double():
        eigenvalue = (vector @ moment @ vector) / (vector @ vector)
        torch.testing.assert_close(moment @ vector, eigenvalue * vector, rtol=1e-2, atol=1e-3)
        assert (vector @ vector).item() == pytest.approx(1 / (eigenvalue.item() + 5e-4), rel=1e-3)


def test_eps_bounds_filters_where_patches_do_not_vary() -> None:
    flat = torch.ones(4, 3, 32, 32)
    for whitening in (EigenWhitening(), SvdWhitening()):
        longest = whitening.filters(flat).reshape(24, 12).norm(dim=1).max().item()
        assert longest == pytest.approx(5e-4**-0.5, rel=0.02)


def test_descending_filters_are_the_same_ones_from_the_largest_eigenvalue_down(images: Tensor) -> None:
    ascending = EigenWhitening().filters(images)
    descending = DescendingEigenWhitening().filters(images)
    assert torch.equal(descending[:12], ascending[:12].flip(0))
    assert torch.equal(descending[12:], -descending[:12])
    assert (descending[:12].reshape(12, 12).norm(dim=1).diff() > 0).all(), (
        "the largest eigenvalue has the shortest filter"
    )
