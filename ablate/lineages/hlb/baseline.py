"""The baseline: hlb-CIFAR10 v0.7.0 without what its features put on.

Source: tysam-code/hlb-CIFAR10 v0.7.0, main.py: its peak rate is 1.525 / 512 for half the summed loss, its decay 6.687e-4 · 1024. Here
the last of 12 whole epochs is trained; the script leaves all of it out unless its length has a fraction. Whitening is on the clock,
as in the other lineages. The script arranges images in channels_last and picks its batches in a way that gives plain NCHW: so are
they here, and the layout begins after the first layer.
"""

from ablate.parts import (
    ChunkWhitenedConv,
    ConvPair,
    Float32Norms,
    GlobalMaxHead,
    MaskedCrop,
    NoCompile,
    OneCycle,
    OwnMoments,
    PlainTta,
    RandomFlip,
)
from ablate.recipes.sgd import KILO, SgdRecipe

_MOMENTUM = 0.85
_KILOSTEP = KILO * (1 + 1 / (1 - _MOMENTUM))
_RATE = 1.525 / 512 * _KILOSTEP

HLB_PLAIN = SgdRecipe(
    epochs=12.0,
    batch_size=1024,
    first_layer=ChunkWhitenedConv(),
    widths=(64, 256, 512),
    stage=ConvPair(),
    norm_momentum=0.1,
    head=GlobalMaxHead(),
    precision=Float32Norms(),
    standardisation=OwnMoments(),
    crop=MaskedCrop(reach=2),
    flip=RandomFlip(),
    label_smoothing=0.2,
    loss_factor=0.5,
    rate=_RATE,
    decay=6.687e-4 * _RATE,
    momentum=_MOMENTUM,
    schedule=OneCycle(peak=0.23, end=0.07),
    tta=PlainTta(),
    compiler=NoCompile(),
)
