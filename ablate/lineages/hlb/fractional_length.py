"""12.1 epochs in place of 12: five steps more."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="fractional_length",
    group="length",
    summary="12.1 epochs in place of 12: five steps more.",
    patch={"epochs": 12.1},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
