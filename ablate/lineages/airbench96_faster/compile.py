"""The networks compiled; the mathematics is the same."""

from ablate.parts import CompileModel
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="compile",
    group="compile",
    summary="The networks compiled; the mathematics is the same.",
    patch={"compiler": CompileModel()},
    source="KellerJordan/cifar10-airbench, airbench96_faster.py (2024-08)",
)
