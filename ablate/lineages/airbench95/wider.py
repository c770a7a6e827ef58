"""Groups of 128, 384 and 384 channels instead of 64, 256 and 256."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="wider",
    group="width",
    summary="Groups of 128, 384 and 384 channels instead of 64, 256 and 256.",
    patch={"widths": (128, 384, 384)},
    source="KellerJordan/cifar10-airbench, legacy/airbench95.py",
)
