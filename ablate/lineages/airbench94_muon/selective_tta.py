"""Test-time augmentation where it may change the answer."""

from ablate.parts import SelectiveTta
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="selective_tta",
    group="tta",
    summary="Six equally weighted views, only for the least confident quarter of the test images.",
    patch={"tta": SelectiveTta(fraction=0.25)},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
