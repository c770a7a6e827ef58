"""The baseline: airbench96 as published, 96.03 % in 34.7 s on an A100.

Source: KellerJordan/cifar10-airbench, legacy/airbench96.py.
"""

from dataclasses import replace

from ablate.lineages.airbench96.baseline import AIRBENCH96_NARROW
from ablate.parts import AlternatingFlip, FullTta, ResidualTriple, SquareCutout, Triangle, TwoStageCrop

AIRBENCH96 = replace(
    AIRBENCH96_NARROW,
    widths=(128, 384, 512),
    stage=ResidualTriple(),
    norm_momentum=0.1,
    crop=TwoStageCrop(reach=4),
    flip=AlternatingFlip(),
    cutout=SquareCutout(size=12),
    rate=9.0,
    decay=0.012,
    schedule=Triangle(peak=0.1, end=0.0),
    tta=FullTta(),
)
