"""Whitening filters: the first layer's frozen weights, computed from image patches."""

import math
from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.parts.network import WHITENING_KERNEL
from ablate.parts.part import Part

KERNEL = (WHITENING_KERNEL, WHITENING_KERNEL)
"""The recipes' patches: height and width, in pixels."""


@dataclass(frozen=True, kw_only=True)
class Whitening(Part):
    """Slot: how the patches' second-moment matrix is decomposed. `eps` is added to every eigenvalue."""

    eps: float = 5e-4

    @abstractmethod
    def principal_filters(self, moment_DD: Tensor) -> Tensor:
        """Rows v_i / sqrt(λ_i + eps) of a symmetric (D, D) float32 matrix, (D, D)."""

    def filters(self, images_NCHW: Tensor, kernel: tuple[int, int] = KERNEL) -> Tensor:
        """Whitening filters followed by their negatives, (2·D, C, k, l) float32, D = C·k·l of a kernel of k×l pixels.

        The second moment is *not* centred, as in the recipes.
        """
        rows = self.rows(patch_moment(images_NCHW, kernel))
        rows = rows.reshape(-1, images_NCHW.shape[1], *kernel)
        return torch.cat([rows, -rows])

    def rows(self, moment_DD: Tensor) -> Tensor:
        """`principal_filters` on whatever device the matrix is, (D, D)."""
        return self.principal_filters(_where_decomposed(moment_DD)).to(moment_DD.device)


@dataclass(frozen=True, kw_only=True)
class EigenWhitening(Whitening):
    """By the symmetric eigendecomposition: filters in ascending order of eigenvalue."""

    def principal_filters(self, moment_DD: Tensor) -> Tensor:
        """Eigenvectors over the root of their eigenvalues, the smallest first."""
        eigenvalues, eigenvectors = torch.linalg.eigh(moment_DD, UPLO="U")
        return (eigenvectors / torch.sqrt(eigenvalues + self.eps)).T


@dataclass(frozen=True, kw_only=True)
class DescendingEigenWhitening(EigenWhitening):
    """The same filters in descending order of eigenvalue."""

    def principal_filters(self, moment_DD: Tensor) -> Tensor:
        """Eigenvectors over the root of their eigenvalues, the largest first."""
        return super().principal_filters(moment_DD).flip(0)


@dataclass(frozen=True, kw_only=True)
class SvdWhitening(Whitening):
    """By the singular value decomposition: the same filters up to sign, in descending order."""

    def principal_filters(self, moment_DD: Tensor) -> Tensor:
        """Left singular vectors over the root of their singular values, the largest first."""
        vectors, values, _ = torch.linalg.svd(moment_DD)
        return (vectors * torch.rsqrt(values + self.eps)).T


def patch_moment(images_NCHW: Tensor, kernel: tuple[int, int] = KERNEL) -> Tensor:
    """The uncentred second moment of all overlapping patches as (c, h, w) vectors, (D, D) float32; (12, 12) of 2×2 patches."""
    rows = _patches(images_NCHW, kernel)
    return rows.T @ rows / len(rows)


def sample_moment(images_NCHW: Tensor, kernel: tuple[int, int]) -> Tensor:
    """The same second moment over one patch less than there are, every patch divided beforehand, as davidcpage/cifar10-fast has it."""
    rows = _patches(images_NCHW, kernel)
    rows = rows / math.sqrt(len(rows) - 1)
    return rows.T @ rows


def centred_principal_axes(images_NCHW: Tensor, kernel: tuple[int, int] = KERNEL) -> tuple[Tensor, Tensor]:
    """Eigenvalues (D,) of the patches' unbiased, centred covariance from the largest on, and the eigenvectors as rows (D, D)."""
    covariance = torch.cov(_patches(images_NCHW, kernel).T)
    eigenvalues, eigenvectors = torch.linalg.eigh(_where_decomposed(covariance), UPLO="U")
    return eigenvalues.flip(0).to(covariance.device), eigenvectors.T.flip(0).to(covariance.device)


def _where_decomposed(matrix_DD: Tensor) -> Tensor:
    """The matrix on a device that can decompose it: Apple's GPUs cannot, and a small one is soon carried over and back."""
    return matrix_DD.cpu() if matrix_DD.device.type == "mps" else matrix_DD


def _patches(images_NCHW: Tensor, kernel: tuple[int, int]) -> Tensor:
    channels, (height, width) = images_NCHW.shape[1], kernel
    patches = images_NCHW.unfold(2, height, 1).unfold(3, width, 1)
    # Column by column, as the recipes have them: the sum's order decides its last bits.
    return patches.permute(0, 3, 2, 1, 4, 5).reshape(-1, channels * height * width).float()
