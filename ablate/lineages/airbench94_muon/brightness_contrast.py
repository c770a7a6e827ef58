"""Colour jitter in normalised space, after crop and mirror."""

from ablate.parts import BrightnessContrast
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="brightness_contrast",
    group="augmentation",
    summary="Random brightness and contrast for each image and epoch.",
    patch={"jitter": BrightnessContrast(brightness=0.1399, contrast=0.1308)},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
