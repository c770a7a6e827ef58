"""An average of the weights that takes their place every five steps from the third epoch on, slower towards the end."""

from ablate.parts import WrittenBackEma
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="ema",
    group="ema",
    summary="An average of the weights that takes their place every five steps from the third epoch on, slower towards the end.",
    patch={"averaging": WrittenBackEma()},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
