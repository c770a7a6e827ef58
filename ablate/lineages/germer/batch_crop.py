"""One shift for all images of a batch, never the last of nine."""

from ablate.parts import BatchCrop
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="batch_crop",
    group="crop",
    summary="One shift for all images of a batch, never the last of nine.",
    patch={"crop": BatchCrop(reach=4)},
    source="99991/cifar10-fast-simple, train.py",
)
