"""A third convolution in every group, with a skip from the first activation to before the last."""

from ablate.parts import ResidualTriple
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="third_conv",
    group="depth",
    summary="A third convolution in every group, with a skip from the first activation to before the last.",
    patch={"stage": ResidualTriple()},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
