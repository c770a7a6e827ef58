"""What a training takes from a loader: its batches, and its images as it normalises them."""

from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor

from ablate.airbench.inference import in_dtype_of
from ablate.airbench.loader import CifarLoader, Normalise
from ablate.errors import UsageError
from ablate.parts import Scale, WhitenedConv
from ablate.parts.convnet import TrainedNetwork
from ablate.parts.first_layer import FirstConv
from ablate.parts.whitening import DescendingEigenWhitening
from ablate.recipes.sgd import SgdPlan, SgdRecipe
from ablate.training.batches import Batch, Deal, TrainingSet
from ablate.training.session import Streams


@dataclass(frozen=True, kw_only=True)
class LoaderWhitening(WhitenedConv):
    """Filters of the layer's own height and width, from images as a loader normalises them."""

    normalise: Normalise

    def prepare(self, layer: FirstConv, images_NCHW: Tensor, scale: Scale) -> None:
        """Whitening filters in descending order of eigenvalue, then their negatives."""
        weight = layer.conv.weight
        chosen = self.normalise(images_NCHW[: self.images])
        weight.copy_(DescendingEigenWhitening(eps=self.eps).filters(chosen, (weight.shape[2], weight.shape[3])))


def batches_of(loader: CifarLoader, network: TrainedNetwork) -> Deal:
    """The batches that iterating a loader gives, epoch after epoch, drawn from the training's streams, in the network's dtype.

    Raises, as they are dealt:
        UsageError: an iteration gives fewer or more than the loader's length, by which the rates are scheduled.
    """

    def deal(
        recipe: SgdRecipe, plan: SgdPlan, training_set: TrainingSet, streams: Streams
    ) -> Generator[Batch, None, None]:
        expected = len(loader)
        with loader.drawing_from(streams):
            while True:
                dealt = 0
                for images, labels in loader:
                    dealt += 1
                    if dealt > expected:
                        raise _another_number(f"more than {expected:,}", expected)
                    yield Batch(in_dtype_of(network, images), labels)
                if dealt < expected:
                    raise _another_number(f"{dealt:,}", expected)

    return deal


def _another_number(dealt: str, expected: int) -> UsageError:
    return UsageError(
        f"An iteration of the loader gives {dealt} batches, and its length is {expected:,}, by which rates are scheduled.\n"
        "Let its __len__ tell how many batches its __iter__ gives."
    )
