"""Predictions of any network on a loader's images."""

import torch
from torch import Tensor, nn

from ablate.airbench.loader import CifarLoader
from ablate.errors import UsageError
from ablate.parts import FullTta, MirrorTta, NoCompile, PlainTta, TestTimeAugmentation
from ablate.training.outcome import accuracy

LEVELS: tuple[TestTimeAugmentation, ...] = (PlainTta(), MirrorTta(), FullTta())
"""Test-time augmentation by its level."""


def level_part(tta_level: int) -> TestTimeAugmentation:
    """The part of a level of test-time augmentation.

    Raises:
        UsageError: there is no such level.
    """
    if tta_level not in range(len(LEVELS)):
        raise UsageError(
            f"tta_level is {tta_level!r}; there are 0 (the image itself), 1 (and its mirror) and 2 (and two shifts by a pixel)."
        )
    return LEVELS[int(tta_level)]


@torch.no_grad()
def infer(model: nn.Module, loader: CifarLoader, tta_level: int = 0) -> Tensor:
    """Logits (N, 10) of all of a loader's images, in storage order, whatever its batch size, augmentation and order.

    `tta_level`: 0 the image itself, 1 the mean with its mirror, 2 half of that and half the mean over two diagonal shifts by a pixel
    and their mirrors. The model, any module of images (N, 3, 32, 32) to logits, is in evaluation mode afterwards. It gets
    the images in the dtype of its first weight.

    Raises:
        UsageError: no such level, or the model is on another device than the images.
    """
    part = level_part(tta_level)
    loader.check_images()
    parameters = list(model.parameters())
    elsewhere = {value.device for value in parameters} - {loader.images.device}
    if elsewhere:
        places = ", ".join(sorted(map(str, elsewhere)))
        raise UsageError(
            f"The model is on {places} and the loader's images on {loader.images.device}. "
            f"Move it: model.to('{loader.images.device}')."
        )
    model.eval()
    return part.logits(model, in_dtype_of(model, loader.normalize(loader.images)), NoCompile())


def in_dtype_of(model: nn.Module, images_NCHW: Tensor) -> Tensor:
    """Images in the dtype of a model's first weight; norms, whose parameters are vectors, may have another."""
    dtypes = (value.dtype for value in model.parameters() if value.dim() > 1 and value.is_floating_point())
    return images_NCHW.to(next(dtypes, images_NCHW.dtype))


def evaluate(model: nn.Module, loader: CifarLoader, tta_level: int = 0) -> float:
    """The fraction of a loader's images that a model gets right; see `infer`."""
    return accuracy(infer(model, loader, tta_level), loader.labels)
