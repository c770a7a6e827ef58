"""Muon's matrices in one batch instead of a loop over parameters."""

from ablate.parts import BatchedNewtonSchulz, ListwiseUpdates
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="vectorised_optimiser",
    group="optimiser",
    summary="One padded batch of all filter matrices through Newton-Schulz, and list-wise updates.",
    patch={"orthogonaliser": BatchedNewtonSchulz(), "filter_updates": ListwiseUpdates()},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
