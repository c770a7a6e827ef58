"""A square of 3 pixels of every image from another one, and 9/1024 of its label, in the last six epochs."""

from ablate.parts import SquareCutmix
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="cutmix",
    group="cutmix",
    summary="A square of 3 pixels of every image from another one, and 9/1024 of its label, in the last six epochs.",
    patch={"cutmix": SquareCutmix(size=3, epochs=6.0)},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
