"""Lookahead, with what it needs: faster BatchNorm statistics, a higher rate, a schedule that ends above zero."""

from ablate.parts import Lookahead, Triangle
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="lookahead",
    group="lookahead",
    summary="Lookahead, with what it needs: faster BatchNorm statistics, a higher rate, a schedule that ends above zero.",
    patch={
        "averaging": Lookahead(),
        "norm_momentum": 0.4,
        "rate": 11.5,
        "schedule": Triangle(peak=0.23, end=0.07),
    },
    source="arXiv:2404.00498, section 3.4; KellerJordan/cifar10-zoo, airbench/ablations/main5_lookahead.py",
)
