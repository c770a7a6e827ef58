"""Predictions over an image and its mirror."""

from ablate.parts import MirrorTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="mirror_tta",
    group="tta",
    summary="Predictions over an image and its mirror.",
    patch={"tta": MirrorTta()},
    source="KellerJordan/cifar10-zoo, airbench/baselines/base_resnet18.py (2024-03-31)",
    alternative_to="multicrop_tta",
)
