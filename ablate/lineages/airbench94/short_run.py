"""9.9 epochs in place of 45: what the other features' gains in accuracy are traded for."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="short_run",
    group="length",
    summary="9.9 epochs in place of 45: what the other features' gains in accuracy are traded for.",
    patch={"epochs": 9.9},
    source="arXiv:2404.00498, section 3; KellerJordan/cifar10-airbench, legacy/airbench94.py",
)
