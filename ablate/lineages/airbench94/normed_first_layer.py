"""A first convolution without a bias, followed by BatchNorm: the plain network of the 34-epoch version."""

from ablate.parts import NormedConv
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="normed_first_layer",
    group="whitening",
    summary="A first convolution without a bias, followed by BatchNorm: the plain network of the 34-epoch version.",
    patch={"first_layer": NormedConv()},
    source="KellerJordan/cifar10-zoo, airbench/ablations/main0_network.py (2024-03-01)",
    alternative_to="whitening",
    excludes=frozenset({"frozen_bias"}),
)
