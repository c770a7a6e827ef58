"""Norms' biases trained at 64 times the rate, and with a 64th of the decay."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="scaled_biases",
    group="biases",
    summary="Norms' biases trained at 64 times the rate, and with a 64th of the decay.",
    patch={"bias_scale": 64.0},
    source="tysam-code/hlb-CIFAR10 v0.7.0, main.py",
)
