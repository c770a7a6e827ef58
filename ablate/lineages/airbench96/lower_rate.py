"""A peak learning rate of 9 instead of 11.5."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="lower_rate",
    group="rate",
    summary="A peak learning rate of 9 instead of 11.5.",
    patch={"rate": 9.0},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
