"""BatchNorm in the compute dtype, running statistics and their average included."""

from ablate.parts import ComputeDtypeNormsOnly
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="half_precision_norms",
    group="precision",
    summary="BatchNorm in the compute dtype, running statistics and their average included.",
    patch={"precision": ComputeDtypeNormsOnly()},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
