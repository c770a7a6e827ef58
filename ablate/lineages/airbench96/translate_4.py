"""Images shifted by up to four pixels instead of two."""

from ablate.parts import TwoStageCrop
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="translate_4",
    group="translate",
    summary="Images shifted by up to four pixels instead of two.",
    patch={"crop": TwoStageCrop(reach=4)},
    source="KellerJordan/cifar10-airbench, legacy/airbench96.py",
)
