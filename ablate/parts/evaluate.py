"""Predictions on the test set: plain, and with test-time augmentation."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.parts.compiler import Compiler
from ablate.parts.part import Part

CHUNK_IMAGES = 2000

Predictor: TypeAlias = Callable[[Tensor], Tensor]
"""Images (N, 3, 32, 32) to logits (N, 10), in evaluation mode."""


def plain_logits(predict: Predictor, images_NCHW: Tensor) -> Tensor:
    """Logits of the images themselves, in chunks."""
    # Cloned, since a compiled network may hand out the same buffer for every chunk.
    return torch.cat([predict(chunk).clone() for chunk in images_NCHW.split(CHUNK_IMAGES)])


def shifted_views(images_NCHW: Tensor) -> tuple[Tensor, Tensor]:
    """The images one pixel down-right and one pixel up-left, borders reflected."""
    padded = F.pad(images_NCHW, (1, 1, 1, 1), "reflect")
    return padded[..., :-2, :-2], padded[..., 2:, 2:]


@dataclass(frozen=True, kw_only=True)
class TestTimeAugmentation(Part):
    """Slot: how final predictions are made."""

    __test__ = False

    @abstractmethod
    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """Logits (N, 10) of normalised images."""


@dataclass(frozen=True, kw_only=True)
class PlainTta(TestTimeAugmentation):
    """The image itself and nothing else: airbench's level 0."""

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """One pass for each chunk."""
        return plain_logits(predict, images_NCHW)


@dataclass(frozen=True, kw_only=True)
class MirrorTta(TestTimeAugmentation):
    """The mean over an image and its mirror: airbench's level 1."""

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """Two passes for each chunk."""
        return torch.cat([_mirror_mean(predict, chunk) for chunk in images_NCHW.split(CHUNK_IMAGES)])


@dataclass(frozen=True, kw_only=True)
class FullTta(TestTimeAugmentation):
    """Six views of every image, *not* equally weighted: the image and its mirror 1/4 each, the four shifted views 1/8 each."""

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """Six passes for each chunk."""
        return torch.cat([self._chunk_logits(predict, chunk) for chunk in images_NCHW.split(CHUNK_IMAGES)])

    def _chunk_logits(self, predict: Predictor, chunk_NCHW: Tensor) -> Tensor:
        shifted = [_mirror_mean(predict, view) for view in shifted_views(chunk_NCHW)]
        return 0.5 * _mirror_mean(predict, chunk_NCHW) + 0.5 * torch.stack(shifted).mean(0)


def _mirror_mean(predict: Predictor, images_NCHW: Tensor) -> Tensor:
    return 0.5 * predict(images_NCHW) + 0.5 * predict(images_NCHW.flip(-1))


@dataclass(frozen=True, kw_only=True)
class SelectiveTta(TestTimeAugmentation):
    """Six equally weighted views, only for the `fraction` of the images with the lowest confidence.

    Confidence is the largest class probability of a plain pass; the other images keep their plain logits.
    """

    __test__ = False
    fraction: float

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """Plain logits, those of the ⌊fraction · N⌋ least confident images replaced."""
        mean_of_views = compiler.function(six_view_mean, "default")
        logits = plain_logits(predict, images_NCHW)
        confidence = logits.softmax(1).amax(1)
        count = int(self.fraction * len(images_NCHW))
        unsure = confidence.topk(count, largest=False, sorted=False).indices
        for start in range(0, count, CHUNK_IMAGES):
            chosen = unsure[start : start + CHUNK_IMAGES]
            logits[chosen] = mean_of_views(predict, images_NCHW[chosen])
        return logits


def six_view_mean(predict: Predictor, images_NCHW: Tensor) -> Tensor:
    """The mean logits over the image, its two shifts and the mirrors of the three, in one batch."""
    views = torch.cat([images_NCHW, *shifted_views(images_NCHW)])
    logits = predict(torch.cat([views, views.flip(-1)]))
    return logits.view(6, len(images_NCHW), -1).mean(0)
