"""Fewer renormalisations of the filters: 37 in 243 steps as published."""

from ablate.parts import GrowingInterval
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="periodic_normalisation",
    group="optimiser",
    summary="Filters renormalised every 2 + ⌊15·progress⌋ steps instead of at every step.",
    patch={"normalisation": GrowingInterval()},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
