"""The slots of a recipe and the parts that fill them."""

from ablate.parts.augment import (
    AlternatingFlip,
    BrightnessContrast,
    Crop,
    Flip,
    GatheredCrop,
    Jitter,
    LoopedCrop,
    NoFlip,
    NoJitter,
)
from ablate.parts.compiler import CompileModel, Compiler, CompileStep, NoCompile
from ablate.parts.evaluate import FullTta, SelectiveTta, TestTimeAugmentation
from ablate.parts.network import Activation, AirbenchNet, Gelu, Network, Silu
from ablate.parts.optimiser import (
    BatchedNewtonSchulz,
    FilterUpdates,
    ListwiseUpdates,
    LoopedNewtonSchulz,
    LoopedUpdates,
    NewtonSchulz,
    Orthogonaliser,
)
from ablate.parts.part import Part
from ablate.parts.precision import ComputeDtypeNorms, Float32Norms, Precision
from ablate.parts.scale import PRESETS, Scale
from ablate.parts.schedule import EveryStep, GrowingInterval, LinearDecay, Normalisation, RateSchedule
from ablate.parts.whitening import EigenWhitening, SvdWhitening, Whitening

__all__ = [
    "PRESETS",
    "Activation",
    "AirbenchNet",
    "AlternatingFlip",
    "BatchedNewtonSchulz",
    "BrightnessContrast",
    "CompileModel",
    "CompileStep",
    "Compiler",
    "ComputeDtypeNorms",
    "Crop",
    "EigenWhitening",
    "EveryStep",
    "FilterUpdates",
    "Flip",
    "Float32Norms",
    "FullTta",
    "GatheredCrop",
    "Gelu",
    "GrowingInterval",
    "Jitter",
    "LinearDecay",
    "ListwiseUpdates",
    "LoopedCrop",
    "LoopedNewtonSchulz",
    "LoopedUpdates",
    "Network",
    "NewtonSchulz",
    "NoCompile",
    "NoFlip",
    "NoJitter",
    "Normalisation",
    "Orthogonaliser",
    "Part",
    "Precision",
    "RateSchedule",
    "Scale",
    "SelectiveTta",
    "Silu",
    "SvdWhitening",
    "TestTimeAugmentation",
    "Whitening",
]
