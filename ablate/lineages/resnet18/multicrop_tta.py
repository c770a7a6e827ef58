"""Predictions over six views of an image: itself, two shifts by a pixel, and their mirrors."""

from ablate.parts import FullTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="multicrop_tta",
    group="tta",
    summary="Predictions over six views of an image: itself, two shifts by a pixel, and their mirrors.",
    patch={"tta": FullTta()},
    source="KellerJordan/cifar10-zoo, airbench/baselines/base_resnet18.py (2024-03-31)",
)
