"""Norms' scales fixed: their biases learn 64 times as fast, activations are four times as wide, and logits half as large."""

from ablate.parts import FrozenScaleNorms, WideMaxPoolHead
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="frozen_scales",
    group="scales",
    summary="Norms' scales fixed: their biases learn 64 times as fast, activations are four times as wide, and logits half as large.",
    patch={
        "norms": FrozenScaleNorms(eps=1e-5),
        "bias_scale": 64.0,
        "activation_scale": 4.0,
        "head": WideMaxPoolHead(logit_scale=1 / 16),
    },
    source="davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 59 to 67",
)
