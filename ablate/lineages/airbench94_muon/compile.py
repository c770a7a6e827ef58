"""A compiled training step; both recipes compile the network."""

from ablate.parts import CompileStep
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="compile",
    group="compilation",
    summary="The training step, forward and loss, compiled as one graph besides the network.",
    patch={"compiler": CompileStep()},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
