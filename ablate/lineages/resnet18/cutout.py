"""A square of 16 pixels blanked in every image, anew in each epoch."""

from ablate.parts import SquareCutout
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="cutout",
    group="cutout",
    summary="A square of 16 pixels blanked in every image, anew in each epoch.",
    patch={"cutout": SquareCutout(size=16)},
    source="KellerJordan/cifar10-zoo, airbench/baselines/base_resnet18.py (2024-03-31)",
)
