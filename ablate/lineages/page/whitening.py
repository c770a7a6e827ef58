"""A frozen convolution that whitens 3×3 patches, and a 1×1 convolution, instead of the first one."""

from ablate.parts import WhitenedPrep
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="whitening",
    group="whitening",
    summary="A frozen convolution that whitens 3×3 patches, and a 1×1 convolution, instead of the first one.",
    patch={"first_layer": WhitenedPrep()},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 68 to 74",
)
