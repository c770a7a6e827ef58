"""The bias of the first layer is trained to the end: the script compares epochs with steps, and never freezes it."""

from ablate.parts import TrainedBias
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="unfrozen_bias",
    group="unfrozen_bias",
    summary="The bias of the first layer is trained to the end: the script compares epochs with steps, and never freezes it.",
    patch={"first_bias": TrainedBias()},
    source="KellerJordan/cifar10-airbench, airbench96_faster.py (2024-08)",
)
