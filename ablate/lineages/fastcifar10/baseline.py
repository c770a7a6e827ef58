"""The baseline: germer with all its features on.

Source: 99991/cifar10-fast-simple, train.py and model.py.
"""

from ablate.lineages.germer.baseline import PAGE_2019
from ablate.lineages.page.baseline import ResNet9Recipe
from ablate.parts import BatchCrop, HalfEpochFlip, RateTable, WideMaxPoolHead

GERMER = ResNet9Recipe.like(
    PAGE_2019,
    head=WideMaxPoolHead(logit_scale=1 / 8),
    crop=BatchCrop(reach=4),
    flip=HalfEpochFlip(),
    rate=22.528,
    rate_factor=1.0,
    decay=0.011264,
    schedule=RateTable(rise=0.2, fall=0.6, end=0.1, top=2e-3),
)
