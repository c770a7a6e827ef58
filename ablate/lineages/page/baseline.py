"""The baseline: the network of the DAWNBench entry of 2018, trained for 24 epochs, its images prepared and augmented on the GPU.

Source: davidcpage/cifar10-fast, bag_of_tricks.ipynb, cells 8 to 28. Rate 0.4 and decay 5e-4 on the mean loss of 512 images are 8.8
and 0.0044 in decoupled numbers. Its warm-up of 5 in 24 epochs is kept at every length; from 25 epochs on the notebook's is a fifth.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ablate.parts import (
    GroupedCrop,
    GroupedCutout,
    GroupedFlip,
    NoCompile,
    PlainLayout,
    PlainTta,
    PrepStem,
    Ramps,
    Relu,
    ResNet9Stage,
    Scale,
    TrainedNorms,
    VelocitySgd,
    WideMaxPoolHead,
)
from ablate.recipes.sgd import SgdRecipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ResNet9Recipe(SgdRecipe):
    """An SGD recipe whose `mini` is narrow and still has hundreds of steps, which an average of the weights takes to forget its start.

    A quarter of the batch leaves four ghost batches, as large as published.
    """

    presets: ClassVar[Mapping[str, Scale]] = {
        "full": Scale(),
        "mini": Scale(width=0.125, images=0.2, batch=0.25, epochs=0.5),
    }


PAGE_2018 = ResNet9Recipe(
    epochs=24.0,
    batch_size=512,
    first_layer=PrepStem(),
    widths=(128, 256, 512),
    stage=ResNet9Stage(),
    activation=Relu(),
    norms=TrainedNorms(),
    norm_momentum=0.1,
    head=WideMaxPoolHead(),
    precision=PlainLayout(),
    crop=GroupedCrop(reach=4),
    flip=GroupedFlip(),
    cutout=GroupedCutout(size=8),
    label_smoothing=0.0,
    rate=8.8,
    decay=0.0044,
    momentum=0.9,
    optimiser=VelocitySgd(),
    schedule=Ramps(peak=5 / 24),
    tta=PlainTta(),
    compiler=NoCompile(),
)
