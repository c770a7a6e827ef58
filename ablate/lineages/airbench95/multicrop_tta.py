"""Predictions over six views of an image instead of two: itself, two shifts by a pixel, and their mirrors."""

from ablate.parts import FullTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="multicrop_tta",
    group="multicrop_tta",
    summary="Predictions over six views of an image instead of two: itself, two shifts by a pixel, and their mirrors.",
    patch={"tta": FullTta()},
    source="KellerJordan/cifar10-airbench, legacy/airbench95.py",
)
