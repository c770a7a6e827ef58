"""Groups of 128, 384 and 512 channels instead of 64, 256 and 256."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="wider",
    group="width",
    summary="Groups of 128, 384 and 512 channels instead of 64, 256 and 256.",
    patch={"widths": (128, 384, 512)},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
