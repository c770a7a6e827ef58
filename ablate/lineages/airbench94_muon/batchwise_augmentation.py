"""The same batches, made when they are needed."""

from ablate.parts import ByBatch
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="batchwise_augmentation",
    group="exact",
    summary="Images are augmented batch by batch: none that no step uses, and no augmented set in memory.",
    patch={"feeding": ByBatch()},
    source="this package",
    optional=True,
    requires=frozenset({"vectorised_crop"}),
)
