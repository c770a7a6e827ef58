"""Half of each batch is trained on: the images in which a small network, trained first, has the largest losses."""

from ablate.parts import ProxySelection
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="data_filtering",
    group="data_filtering",
    summary="Half of each batch is trained on: the images in which a small network, trained first, has the largest losses.",
    patch={"selection": ProxySelection()},
    source="KellerJordan/cifar10-airbench, airbench96_faster.py (2024-08)",
)
