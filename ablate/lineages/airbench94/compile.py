"""The network compiled; the mathematics is the same."""

from ablate.parts import CompileModel
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="compile",
    group="compile",
    summary="The network compiled; the mathematics is the same.",
    patch={"compiler": CompileModel()},
    source="arXiv:2404.00498, section 3.7; KellerJordan/cifar10-airbench, legacy/airbench94_compiled.py",
)
