"""Batches that go on from one epoch into the next, so that no image is dropped."""

from ablate.parts import AcrossEpochs
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="across_epochs",
    group="across_epochs",
    summary="Batches that go on from one epoch into the next, so that no image is dropped.",
    patch={"order": AcrossEpochs()},
    source="KellerJordan/cifar10-airbench, airbench96_faster.py (2024-08)",
)
