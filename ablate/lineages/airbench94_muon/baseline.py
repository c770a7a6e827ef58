"""The baseline: airbench94_muon as published, 94.01 % in 2.59 s on an A100.

Source: KellerJordan/cifar10-airbench, airbench94_muon.py (2025-03-02).
"""

from ablate.parts import (
    AirbenchNet,
    AlternatingFlip,
    CompileModel,
    EigenWhitening,
    EveryStep,
    Float32Norms,
    FullTta,
    Gelu,
    LoopedCrop,
    LoopedNewtonSchulz,
    LoopedUpdates,
    NewtonSchulz,
)
from ablate.recipes.muon import MuonRecipe

AIRBENCH94_MUON = MuonRecipe(
    epochs=8.0,
    batch_size=2000,
    network=AirbenchNet(),
    activation=Gelu(),
    norm_momentum=0.4,
    precision=Float32Norms(),
    whitening=EigenWhitening(),
    whitening_images=5000,
    whitening_bias_epochs=3.0,
    flip=AlternatingFlip(),
    crop=LoopedCrop(),
    label_smoothing=0.2,
    bias_rate=0.053,
    head_rate=0.67,
    momentum=0.85,
    decay=2e-6,
    orthogonaliser=LoopedNewtonSchulz(),
    filter_updates=LoopedUpdates(),
    newton_schulz=NewtonSchulz(a=3.4445, b=-4.7750, c=2.0315),
    normalisation=EveryStep(),
    filter_rate=0.24,
    filter_momentum=0.6,
    tta=FullTta(),
    compiler=CompileModel(),
)
