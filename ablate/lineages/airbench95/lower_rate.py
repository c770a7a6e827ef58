"""A peak learning rate of 10 instead of 11.5."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="lower_rate",
    group="rate",
    summary="A peak learning rate of 10 instead of 11.5.",
    patch={"rate": 10.0},
    source="KellerJordan/cifar10-airbench, legacy/airbench95.py",
)
