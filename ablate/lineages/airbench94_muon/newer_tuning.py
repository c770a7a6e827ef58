"""The numbers of the newer script: a little longer than `tuning`, and the whitening bias trained a little longer."""

from ablate.lineages.airbench94_muon import tuning
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="newer_tuning",
    group="tuning",
    summary="The newer script's numbers in place of tuning's: 7.65 epochs, the whitening bias trained for 0.20 of them.",
    patch={**tuning.FEATURE.patch, "epochs": 7.65, "whitening_bias_epochs": 0.20},
    source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-10-17)",
    alternative_to="tuning",
)
