"""45 epochs instead of 37."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="longer_run",
    group="length",
    summary="45 epochs instead of 37.",
    patch={"epochs": 45.0},
    source="KellerJordan/cifar10-airbench, airbench96_faster.py (2024-08)",
)
