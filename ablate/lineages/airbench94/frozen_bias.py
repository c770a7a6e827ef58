"""The bias of the first layer is trained over the first three epochs only."""

from ablate.parts import FrozenBias
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="frozen_bias",
    group="frozen_bias",
    summary="The bias of the first layer is trained over the first three epochs only.",
    patch={"first_bias": FrozenBias()},
    source="KellerJordan/cifar10-zoo, airbench/ablations/main4_freeze.py",
)
