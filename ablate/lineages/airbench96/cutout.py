"""A square of 12 pixels blanked in every image, anew in each epoch."""

from ablate.parts import SquareCutout
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="cutout",
    group="cutout",
    summary="A square of 12 pixels blanked in every image, anew in each epoch.",
    patch={"cutout": SquareCutout(size=12)},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
