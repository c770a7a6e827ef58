"""Convolutions start as identities on their first inputs."""

from ablate.parts import DiracInitial
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="dirac",
    group="dirac",
    summary="Convolutions start as identities on their first inputs.",
    patch={"initial": DiracInitial()},
    source="arXiv:2404.00498, section 3.3; KellerJordan/cifar10-zoo, airbench/ablations/main2_dirac.py",
)
