"""A cheaper activation in the convolution groups."""

from ablate.parts import Silu
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="silu",
    group="architecture",
    summary="SiLU instead of GELU in the convolution groups; GELU stays after whitening.",
    patch={"activation": Silu()},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
