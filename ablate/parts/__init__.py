"""The slots of a recipe and the parts that fill them.

All but the base and the scale are loaded on first use: what only has to know what a part is does not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ablate.parts.part import Part
from ablate.parts.scale import PRESETS, Scale

if TYPE_CHECKING:
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
        RandomFlip,
        TwoStageCrop,
    )
    from ablate.parts.averaging import Averaging, Lookahead, NoAveraging
    from ablate.parts.compiler import CompileModel, Compiler, CompileStep, NoCompile
    from ablate.parts.cutout import Cutout, NoCutout, SquareCutout
    from ablate.parts.evaluate import FullTta, MirrorTta, PlainTta, SelectiveTta, TestTimeAugmentation
    from ablate.parts.first_layer import (
        BiasedConv,
        ConvStem,
        FirstBias,
        FirstLayer,
        FrozenBias,
        NormedConv,
        TrainedBias,
        WhitenedConv,
    )
    from ablate.parts.head import AveragePoolHead, Head, MaxPoolHead
    from ablate.parts.initial import DiracInitial, Initial, UniformInitial
    from ablate.parts.network import Activation, AirbenchNet, Gelu, Network, Relu, Silu
    from ablate.parts.norms import FrozenScaleNorms, Norms, TrainedNorms
    from ablate.parts.optimiser import (
        BatchedNewtonSchulz,
        FilterUpdates,
        ListwiseUpdates,
        LoopedNewtonSchulz,
        LoopedUpdates,
        NewtonSchulz,
        Orthogonaliser,
    )
    from ablate.parts.order import AcrossEpochs, Order, Reshuffled, WithReplacement
    from ablate.parts.precision import ComputeDtypeNorms, Float32Norms, Precision
    from ablate.parts.schedule import EveryStep, GrowingInterval, LinearDecay, Normalisation, RateSchedule, Triangle
    from ablate.parts.selection import (
        EveryImage,
        LeastConfident,
        MostConfident,
        ProxySelection,
        RandomSubset,
        Selection,
        Subset,
        WholeSet,
    )
    from ablate.parts.stages import BasicBlocks, ConvPair, ResidualTriple, Stage
    from ablate.parts.whitening import DescendingEigenWhitening, EigenWhitening, SvdWhitening, Whitening

__all__ = [
    "PRESETS",
    "AcrossEpochs",
    "Activation",
    "AirbenchNet",
    "AlternatingFlip",
    "AveragePoolHead",
    "Averaging",
    "BasicBlocks",
    "BatchedNewtonSchulz",
    "BiasedConv",
    "BrightnessContrast",
    "CompileModel",
    "CompileStep",
    "Compiler",
    "ComputeDtypeNorms",
    "ConvPair",
    "ConvStem",
    "Crop",
    "Cutout",
    "DescendingEigenWhitening",
    "DiracInitial",
    "EigenWhitening",
    "EveryImage",
    "EveryStep",
    "FilterUpdates",
    "FirstBias",
    "FirstLayer",
    "Flip",
    "Float32Norms",
    "FrozenBias",
    "FrozenScaleNorms",
    "FullTta",
    "GatheredCrop",
    "Gelu",
    "GrowingInterval",
    "Head",
    "Initial",
    "Jitter",
    "LeastConfident",
    "LinearDecay",
    "ListwiseUpdates",
    "Lookahead",
    "LoopedCrop",
    "LoopedNewtonSchulz",
    "LoopedUpdates",
    "MaxPoolHead",
    "MirrorTta",
    "MostConfident",
    "Network",
    "NewtonSchulz",
    "NoAveraging",
    "NoCompile",
    "NoCutout",
    "NoFlip",
    "NoJitter",
    "Normalisation",
    "NormedConv",
    "Norms",
    "Order",
    "Orthogonaliser",
    "Part",
    "PlainTta",
    "Precision",
    "ProxySelection",
    "RandomFlip",
    "RandomSubset",
    "RateSchedule",
    "Relu",
    "Reshuffled",
    "ResidualTriple",
    "Scale",
    "Selection",
    "SelectiveTta",
    "Silu",
    "SquareCutout",
    "Stage",
    "Subset",
    "SvdWhitening",
    "TestTimeAugmentation",
    "TrainedBias",
    "TrainedNorms",
    "Triangle",
    "TwoStageCrop",
    "UniformInitial",
    "WhitenedConv",
    "Whitening",
    "WholeSet",
    "WithReplacement",
]

_MODULES = (
    "augment",
    "averaging",
    "compiler",
    "cutout",
    "evaluate",
    "first_layer",
    "head",
    "initial",
    "network",
    "norms",
    "optimiser",
    "order",
    "precision",
    "schedule",
    "selection",
    "stages",
    "whitening",
)


def __getattr__(name: str) -> Any:
    if name in __all__:
        for module in _MODULES:
            found = getattr(import_module(f"{__name__}.{module}"), name, None)
            # A module also has what it imported from another.
            if found is not None and found.__module__ == f"{__name__}.{module}":
                globals()[name] = found
                return found
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
