"""Nothing is blanked."""

from ablate.parts import NoCutout
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="no_cutout",
    group="cutout",
    summary="Nothing is blanked.",
    patch={"cutout": NoCutout()},
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 84 and 85",
)
