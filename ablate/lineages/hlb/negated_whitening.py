"""The negative of every whitening filter beside it, 24 in place of 12."""

from ablate.parts import ChunkWhitenedConv
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="negated_whitening",
    group="whitening",
    summary="The negative of every whitening filter beside it, 24 in place of 12.",
    patch={"first_layer": ChunkWhitenedConv(negatives=True)},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
