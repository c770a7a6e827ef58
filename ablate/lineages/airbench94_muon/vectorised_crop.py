"""Crops of the whole set at once."""

from ablate.parts import AlternatingFlip, GatheredCrop
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="vectorised_crop",
    group="augmentation",
    summary="All crops by one compiled gather instead of a loop over the 25 shifts; the one-time flip compiled too.",
    patch={"crop": GatheredCrop(), "flip": AlternatingFlip(compile_mode="default")},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
