"""A learning rate 64 times as high for the biases of BatchNorm, rate times decay unchanged."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="scalebias",
    group="scalebias",
    summary="A learning rate 64 times as high for the biases of BatchNorm, rate times decay unchanged.",
    patch={"bias_scale": 64.0},
    source="arXiv:2404.00498, section 3.4; KellerJordan/cifar10-zoo, airbench/ablations/main3_scalebias.py",
)
