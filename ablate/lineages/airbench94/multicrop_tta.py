"""Predictions over six views of an image instead of two: itself, two shifts by a pixel, and their mirrors."""

from ablate.parts import FullTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="multicrop_tta",
    group="multicrop_tta",
    summary="Predictions over six views of an image instead of two: itself, two shifts by a pixel, and their mirrors.",
    patch={"tta": FullTta()},
    source="arXiv:2404.00498, section 3.5; KellerJordan/cifar10-zoo, airbench/ablations/main6_tta.py",
)
