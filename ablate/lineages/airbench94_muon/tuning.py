"""The published numbers: batch, rates, momenta, smoothing, iteration coefficients, whitening and length."""

from ablate.parts import NewtonSchulz
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="tuning",
    group="tuning",
    summary="Tuned numbers: batch 1,536, 7.59 epochs, rates, momenta, label smoothing, Newton-Schulz coefficients, filter decay.",
    patch={
        "epochs": 7.59,
        "batch_size": 1536,
        "norm_momentum": 0.4434,
        "whitening_images": 960,
        "whitening_bias_epochs": 0.19,
        "label_smoothing": 0.09,
        "bias_rate": 0.0573,
        "head_rate": 0.5415,
        "momentum": 0.825,
        "decay": 1.0418e-6,
        "newton_schulz": NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843),
        "filter_rate": 0.205,
        "filter_momentum": 0.655,
        "filter_decay": 1.0418e-6,
    },
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
)
