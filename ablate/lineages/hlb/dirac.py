"""Identity filters added to each group's first convolution, which is standardised anew, and in place of its second."""

from ablate.parts import RestandardisedDirac
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="dirac",
    group="initial",
    summary="Identity filters added to each group's first convolution, which is standardised anew, and in place of its second.",
    patch={"initial": RestandardisedDirac()},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
