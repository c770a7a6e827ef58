"""A weight decay of 0.012 instead of 0.0153."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="lower_decay",
    group="decay",
    summary="A weight decay of 0.012 instead of 0.0153.",
    patch={"decay": 0.012},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
