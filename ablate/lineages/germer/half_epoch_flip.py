"""The first half of an epoch mirrored, and the second not."""

from ablate.parts import HalfEpochFlip
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="half_epoch_flip",
    group="flip",
    summary="The first half of an epoch mirrored, and the second not.",
    patch={"flip": HalfEpochFlip()},
    source="99991/cifar10-fast-simple, train.py",
)
