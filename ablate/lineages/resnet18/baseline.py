"""The baseline: a ResNet-18 for small images as it is usually trained, without cutout and test-time augmentation.

Source: KellerJordan/cifar10-zoo, airbench/baselines/base_resnet18.py (2024-03-31): rate 0.1 and decay 5e-4 on the mean loss of 128
images, which are 8.8 and 0.0044 in decoupled numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablate.parts import (
    AveragePoolHead,
    BasicBlocks,
    ComputeDtypeNorms,
    ConvStem,
    NoCompile,
    PlainTta,
    RandomFlip,
    Relu,
    Scale,
    TrainedNorms,
    Triangle,
    TwoStageCrop,
)
from ablate.recipes.sgd import SgdRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNet18Recipe(SgdRecipe):
    """An SGD recipe whose `mini` is a fiftieth as long as published: 200 epochs are many."""

    presets: ClassVar[Mapping[str, Scale]] = {
        "full": Scale(),
        "mini": Scale(width=0.25, images=0.1, batch=0.5, epochs=0.02),
    }


RESNET18_PLAIN = ResNet18Recipe(
    epochs=200.0,
    batch_size=128,
    first_layer=ConvStem(),
    widths=(64, 128, 256, 512),
    stage=BasicBlocks(),
    activation=Relu(),
    norms=TrainedNorms(),
    norm_momentum=0.1,
    head=AveragePoolHead(),
    # The script halves the module as a whole, and with it the norms that it means to leave out.
    precision=ComputeDtypeNorms(),
    crop=TwoStageCrop(reach=4),
    flip=RandomFlip(),
    label_smoothing=0.0,
    rate=8.8,
    decay=0.0044,
    momentum=0.9,
    schedule=Triangle(peak=0.2, end=0.0),
    tta=PlainTta(),
    compiler=NoCompile(),
)
