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

    def reusing(self) -> "TestTimeAugmentation":
        """The same without predicting again what it has predicted already; itself where there is nothing of the kind."""
        return self


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

    def reusing(self) -> TestTimeAugmentation:
        """The plain pass is one of the six views."""
        return ReusingSelectiveTta(fraction=self.fraction)

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """Plain logits, those of the ⌊fraction · N⌋ least confident images replaced."""
        logits = plain_logits(predict, images_NCHW)
        confidence = logits.softmax(1).amax(1)
        count = int(self.fraction * len(images_NCHW))
        unsure = confidence.topk(count, largest=False, sorted=False).indices
        for start in range(0, count, CHUNK_IMAGES):
            chosen = unsure[start : start + CHUNK_IMAGES]
            logits[chosen] = self._views_mean(predict, images_NCHW[chosen], logits[chosen], compiler)
        return logits

    def _views_mean(self, predict: Predictor, chunk_NCHW: Tensor, plain_NK: Tensor, compiler: Compiler) -> Tensor:
        return compiler.function(six_view_mean, "default")(predict, chunk_NCHW)


@dataclass(frozen=True, kw_only=True)
class ReusingSelectiveTta(SelectiveTta):
    """Five views and the logits of the plain pass, which is the sixth."""

    __test__ = False

    def _views_mean(self, predict: Predictor, chunk_NCHW: Tensor, plain_NK: Tensor, compiler: Compiler) -> Tensor:
        return (compiler.function(five_view_sum, "default")(predict, chunk_NCHW) + plain_NK) / 6


def six_view_mean(predict: Predictor, images_NCHW: Tensor) -> Tensor:
    """The mean logits over the image, its two shifts and the mirrors of the three, in one batch."""
    views = torch.cat([images_NCHW, *shifted_views(images_NCHW)])
    logits = predict(torch.cat([views, views.flip(-1)]))
    return logits.view(6, len(images_NCHW), -1).mean(0)


def five_view_sum(predict: Predictor, images_NCHW: Tensor) -> Tensor:
    """The sum of the logits over the six views but the image itself, in one batch."""
    shifted = torch.cat(shifted_views(images_NCHW))
    logits = predict(torch.cat([shifted, images_NCHW.flip(-1), shifted.flip(-1)]))
    return logits.view(5, len(images_NCHW), -1).sum(0)


@dataclass(frozen=True, kw_only=True)
class KnownView(Part):
    """Slot: what becomes of a view of test-time augmentation that was predicted before."""

    @abstractmethod
    def applied(self, tta: TestTimeAugmentation) -> TestTimeAugmentation:
        """The augmentation as it is to be run."""


@dataclass(frozen=True, kw_only=True)
class PredictedAgain(KnownView):
    """It is predicted with the others."""

    def applied(self, tta: TestTimeAugmentation) -> TestTimeAugmentation:
        """Unchanged."""
        return tta


@dataclass(frozen=True, kw_only=True)
class Reused(KnownView):
    """Its logits are used again; they differ by what the size of a batch does to rounding."""

    def applied(self, tta: TestTimeAugmentation) -> TestTimeAugmentation:
        """See `TestTimeAugmentation.reusing`."""
        return tta.reusing()
