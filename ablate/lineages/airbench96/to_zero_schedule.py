"""Warm-up over a tenth of the steps instead of 23 %, then down to zero instead of 0.07."""

from ablate.parts import Triangle
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="to_zero_schedule",
    group="schedule",
    summary="Warm-up over a tenth of the steps instead of 23 %, then down to zero instead of 0.07.",
    patch={"schedule": Triangle(peak=0.1, end=0.0)},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
