"""The baseline: the plain network that airbench94 was built up from, 94 % in 45 epochs.

Source: arXiv:2404.00498, section 3; KellerJordan/cifar10-zoo, airbench/ablations/main0_network.py.
"""

from ablate.parts import (
    BiasedConv,
    ConvPair,
    Float32Norms,
    LoopedCrop,
    MirrorTta,
    NoCompile,
    RandomFlip,
    Triangle,
)
from ablate.recipes.sgd import SgdRecipe

AIRBENCH94_PLAIN = SgdRecipe(
    epochs=45.0,
    batch_size=1024,
    first_layer=BiasedConv(),
    widths=(64, 256, 256),
    stage=ConvPair(),
    norm_momentum=0.1,
    precision=Float32Norms(),
    crop=LoopedCrop(reach=2),
    flip=RandomFlip(),
    label_smoothing=0.2,
    rate=10.0,
    decay=0.0153,
    momentum=0.85,
    schedule=Triangle(peak=0.2, end=0.0),
    tta=MirrorTta(),
    compiler=NoCompile(),
)
