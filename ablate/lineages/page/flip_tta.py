"""Predictions over an image and its mirror."""

from ablate.parts import MirrorTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="flip_tta",
    group="tta",
    summary="Predictions over an image and its mirror.",
    patch={"tta": MirrorTta()},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 79 to 83",
)
