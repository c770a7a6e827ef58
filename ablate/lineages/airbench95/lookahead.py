"""Lookahead, with what it needs: faster BatchNorm statistics and a schedule that ends above zero."""

from ablate.parts import Lookahead, Triangle
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="lookahead",
    group="lookahead",
    summary="Lookahead, with what it needs: faster BatchNorm statistics and a schedule that ends above zero.",
    patch={
        "averaging": Lookahead(),
        "norm_momentum": 0.4,
        "schedule": Triangle(peak=0.23, end=0.07),
    },
    source="KellerJordan/cifar10-airbench, legacy/airbench95.py",
)
