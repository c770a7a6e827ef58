"""BatchNorm's running statistics in PyTorch's default momentum of 0.1 instead of 0.4."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="slow_norms",
    group="norms",
    summary="BatchNorm's running statistics in PyTorch's default momentum of 0.1 instead of 0.4.",
    patch={"norm_momentum": 0.1},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
