"""Each image mirrored at random once, then all of them in every second epoch."""

from ablate.parts import AlternatingFlip
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="alternating_flip",
    group="flip",
    summary="Each image mirrored at random once, then all of them in every second epoch.",
    patch={"flip": AlternatingFlip()},
    source="KellerJordan/cifar10-zoo, baselines/train_resnet18_96.py (2024-03-06)",
    optional=True,
)
