"""BatchNorm's running statistics in a momentum of 0.4 instead of PyTorch's 0.1."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="fast_norms",
    group="norms",
    summary="BatchNorm's running statistics in a momentum of 0.4 instead of PyTorch's 0.1.",
    patch={"norm_momentum": 0.4},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
