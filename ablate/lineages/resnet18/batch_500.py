"""Batches of 500 at a rate of 0.2 on their mean loss: the setting whose single record is 96.06 %."""

from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="batch_500",
    group="batch",
    summary="Batches of 500 at a rate of 0.2 on their mean loss: the setting whose single record is 96.06 %.",
    patch={"batch_size": 500, "rate": 4.5056, "decay": 0.0022528},
    source="KellerJordan/cifar10-zoo, scaling/cutout_resnet18.py (2024-02-11)",
    optional=True,
)
