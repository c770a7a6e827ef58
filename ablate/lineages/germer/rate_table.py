"""Rates read from a table up to 0.002, instead of computed up to 1/512 and rounded as they are."""

from ablate.parts import RateTable
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="rate_table",
    group="rate",
    summary="Rates read from a table up to 0.002, instead of computed up to 1/512 and rounded as they are.",
    patch={
        "rate": 22.528,
        "rate_factor": 1.0,
        "decay": 0.011264,
        "schedule": RateTable(rise=0.2, fall=0.6, end=0.1, top=2e-3),
    },
    source="99991/cifar10-fast-simple, train.py",
)
