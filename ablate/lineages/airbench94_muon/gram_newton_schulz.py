"""Steps from one small matrix to the next."""

from ablate.parts import GramMatrices
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="gram_newton_schulz",
    group="exact",
    summary="Newton-Schulz takes two of its three steps on one Gram matrix: 8.5 GFLOP a step in place of 11.5, 4.8 by shape.",
    patch={"iterates": GramMatrices()},
    source="this package",
    optional=True,
    requires=frozenset({"vectorised_optimiser"}),
)
