"""The same whitening filters up to sign, in descending order."""

from ablate.parts import SvdWhitening
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="svd_whitening",
    group="architecture",
    summary="Whitening filters from a singular value decomposition instead of an eigendecomposition.",
    patch={"whitening": SvdWhitening()},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
