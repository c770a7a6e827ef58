"""Predictions over an image and its mirror."""

from ablate.parts import MirrorTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="flip_tta",
    group="tta",
    summary="Predictions over an image and its mirror.",
    patch={"tta": MirrorTta()},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
