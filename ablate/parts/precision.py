"""Which numbers the network computes in besides the device's compute dtype, and how they lie in memory."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class Precision(Part):
    """Slot: the dtype of normalisation layers and the memory format of activations."""

    weights_format: ClassVar[torch.memory_format] = torch.channels_last
    """How the SGD family's convolutions' weights lie in memory."""

    @abstractmethod
    def norm_dtype(self, compute_dtype: torch.dtype) -> torch.dtype:
        """The dtype of BatchNorm's parameters and running statistics."""

    @abstractmethod
    def arrange(self, images_NCHW: Tensor) -> Tensor:
        """The network's input in the memory format its convolutions should see."""


@dataclass(frozen=True, kw_only=True)
class Float32Norms(Precision):
    """BatchNorm in float32 beside activations in the compute dtype; inputs as they come."""

    def norm_dtype(self, compute_dtype: torch.dtype) -> torch.dtype:
        """float32, or the compute dtype where that is wider."""
        return torch.promote_types(compute_dtype, torch.float32)

    def arrange(self, images_NCHW: Tensor) -> Tensor:
        """Unchanged."""
        return images_NCHW


@dataclass(frozen=True, kw_only=True)
class PlainLayout(Float32Norms):
    """BatchNorm in float32, images and weights in plain NCHW: ghost batches are no more than another view of that."""

    weights_format: ClassVar[torch.memory_format] = torch.contiguous_format

    def arrange(self, images_NCHW: Tensor) -> Tensor:
        """In NCHW."""
        return images_NCHW.contiguous()


@dataclass(frozen=True, kw_only=True)
class ComputeDtypeNorms(Precision):
    """BatchNorm in the compute dtype too, channels_last from the input on."""

    def norm_dtype(self, compute_dtype: torch.dtype) -> torch.dtype:
        """The compute dtype itself."""
        return compute_dtype

    def arrange(self, images_NCHW: Tensor) -> Tensor:
        """In channels_last."""
        return images_NCHW.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True, kw_only=True)
class ComputeDtypeNormsOnly(ComputeDtypeNorms):
    """BatchNorm in the compute dtype too; inputs as they come."""

    def arrange(self, images_NCHW: Tensor) -> Tensor:
        """Unchanged."""
        return images_NCHW
