"""The baseline: page with all its features on, as new_dawn.py trains it.

Source: davidcpage/cifar10-fast, new_dawn.py.
"""

from ablate.lineages.page.baseline import PAGE_2018, ResNet9Recipe
from ablate.parts import (
    Celu,
    FrozenScaleNorms,
    MirrorTta,
    NoCutout,
    Ramps,
    ResNet9Stage,
    WeightAverage,
    WhitenedPrep,
    WideMaxPoolHead,
)

PAGE_2019 = ResNet9Recipe.like(
    PAGE_2018,
    epochs=10.0,
    first_layer=WhitenedPrep(),
    stage=ResNet9Stage(pool_first=True),
    activation=Celu(alpha=0.075),
    activation_scale=4.0,
    norms=FrozenScaleNorms(eps=1e-5),
    norm_splits=16,
    head=WideMaxPoolHead(logit_scale=1 / 16),
    cutout=NoCutout(),
    cutout_trim=3,
    label_smoothing=0.2,
    rate=13.2,
    rate_factor=5 / 3,
    bias_scale=64.0,
    decay=0.0066,
    schedule=Ramps(peak=0.2, floor=0.1, flat_from=0.8),
    evaluated=WeightAverage(),
    tta=MirrorTta(),
)
"""The rate and what is taken off a cutout are in two numbers each, as page's features set them."""
