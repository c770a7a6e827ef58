"""Norms in half precision; the baseline keeps them in float32."""

from ablate.parts import ComputeDtypeNorms
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="half_precision",
    group="architecture",
    summary="BatchNorm in the compute dtype too, and channels_last from the input on.",
    patch={"precision": ComputeDtypeNorms()},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
