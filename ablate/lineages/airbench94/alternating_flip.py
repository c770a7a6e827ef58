"""Each image mirrored at random once, then all of them in every second epoch."""

from ablate.parts import AlternatingFlip
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="alternating_flip",
    group="alternating_flip",
    summary="Each image mirrored at random once, then all of them in every second epoch.",
    patch={"flip": AlternatingFlip()},
    source="arXiv:2404.00498, section 3.6; KellerJordan/cifar10-zoo, airbench/ablations/main7_mirror.py",
)
