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
        MaskedCrop,
        NoFlip,
        NoJitter,
        RandomFlip,
        TwoStageCrop,
    )
    from ablate.parts.averaging import Averaging, Lookahead, NoAveraging, WrittenBackEma
    from ablate.parts.chunked import ChunkWhitenedConv
    from ablate.parts.compiler import CompileModel, Compiler, CompileStep, NoCompile
    from ablate.parts.cutmix import Cutmix, NoCutmix, SquareCutmix
    from ablate.parts.cutout import Cutout, NoCutout, SquareCutout
    from ablate.parts.evaluate import (
        FullTta,
        KnownView,
        MirrorTta,
        PlainTta,
        PredictedAgain,
        Reused,
        SelectiveTta,
        TestTimeAugmentation,
    )
    from ablate.parts.evaluated import Evaluated, LastWeights, WeightAverage
    from ablate.parts.feeding import ByBatch, Feeding, WholeEpoch
    from ablate.parts.filter_step import FilterStep, StepAsOne, StepInParts
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
    from ablate.parts.freezing import FreezeFirstGroup, Freezing, NothingFrozen
    from ablate.parts.grouped import BatchCrop, GroupedCrop, GroupedCutout, GroupedFlip, HalfEpochFlip
    from ablate.parts.head import AveragePoolHead, GlobalMaxHead, Head, MaxPoolHead, WideMaxPoolHead
    from ablate.parts.image_sizes import GrowingSizes, ImageSizes, OneSize
    from ablate.parts.inference import AsTrained, FoldedNorms, Inference
    from ablate.parts.initial import DiracInitial, Initial, RestandardisedDirac, UniformInitial
    from ablate.parts.network import Activation, AirbenchNet, Celu, Gelu, Network, Relu, Silu
    from ablate.parts.newton_schulz import (
        BatchedNewtonSchulz,
        GramMatrices,
        Iterates,
        LoopedNewtonSchulz,
        NewtonSchulz,
        Orthogonaliser,
        WholeMatrices,
    )
    from ablate.parts.norms import FrozenScaleNorms, Norms, TrainedNorms
    from ablate.parts.optimiser import FilterUpdates, ListwiseUpdates, LoopedUpdates
    from ablate.parts.order import AcrossEpochs, Order, Reshuffled, WithReplacement
    from ablate.parts.polynomials import SamePolynomial, StepPolynomials, TwoPolynomials
    from ablate.parts.pooled_conv import PooledConv, SurvivingMaps, WholeMaps
    from ablate.parts.precision import ComputeDtypeNorms, ComputeDtypeNormsOnly, Float32Norms, PlainLayout, Precision
    from ablate.parts.prep import PrepStem, WhitenedPrep
    from ablate.parts.schedule import (
        EveryStep,
        GrowingInterval,
        LinearDecay,
        Normalisation,
        OneCycle,
        Ramps,
        RateSchedule,
        RateTable,
        Triangle,
    )
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
    from ablate.parts.sgd import Sgd, TorchSgd, VelocitySgd
    from ablate.parts.stages import BasicBlocks, ConvPair, ResidualTriple, ResNet9Stage, Stage
    from ablate.parts.standardisation import OwnMoments, PublishedMoments, Standardisation
    from ablate.parts.update_batches import BatchesByShape, OneBatch, UpdateBatches
    from ablate.parts.whitening import DescendingEigenWhitening, EigenWhitening, SvdWhitening, Whitening

__all__ = [
    "PRESETS",
    "AcrossEpochs",
    "Activation",
    "AirbenchNet",
    "AlternatingFlip",
    "AsTrained",
    "AveragePoolHead",
    "Averaging",
    "BasicBlocks",
    "BatchCrop",
    "BatchedNewtonSchulz",
    "BatchesByShape",
    "BiasedConv",
    "BrightnessContrast",
    "ByBatch",
    "Celu",
    "ChunkWhitenedConv",
    "CompileModel",
    "CompileStep",
    "Compiler",
    "ComputeDtypeNorms",
    "ComputeDtypeNormsOnly",
    "ConvPair",
    "ConvStem",
    "Crop",
    "Cutmix",
    "Cutout",
    "DescendingEigenWhitening",
    "DiracInitial",
    "EigenWhitening",
    "Evaluated",
    "EveryImage",
    "EveryStep",
    "Feeding",
    "FilterStep",
    "FilterUpdates",
    "FirstBias",
    "FirstLayer",
    "Flip",
    "Float32Norms",
    "FoldedNorms",
    "FreezeFirstGroup",
    "Freezing",
    "FrozenBias",
    "FrozenScaleNorms",
    "FullTta",
    "GatheredCrop",
    "Gelu",
    "GlobalMaxHead",
    "GramMatrices",
    "GroupedCrop",
    "GroupedCutout",
    "GroupedFlip",
    "GrowingInterval",
    "GrowingSizes",
    "HalfEpochFlip",
    "Head",
    "ImageSizes",
    "Inference",
    "Initial",
    "Iterates",
    "Jitter",
    "KnownView",
    "LastWeights",
    "LeastConfident",
    "LinearDecay",
    "ListwiseUpdates",
    "Lookahead",
    "LoopedCrop",
    "LoopedNewtonSchulz",
    "LoopedUpdates",
    "MaskedCrop",
    "MaxPoolHead",
    "MirrorTta",
    "MostConfident",
    "Network",
    "NewtonSchulz",
    "NoAveraging",
    "NoCompile",
    "NoCutmix",
    "NoCutout",
    "NoFlip",
    "NoJitter",
    "Normalisation",
    "NormedConv",
    "Norms",
    "NothingFrozen",
    "OneBatch",
    "OneCycle",
    "OneSize",
    "Order",
    "Orthogonaliser",
    "OwnMoments",
    "Part",
    "PlainLayout",
    "PlainTta",
    "PooledConv",
    "Precision",
    "PredictedAgain",
    "PrepStem",
    "ProxySelection",
    "PublishedMoments",
    "Ramps",
    "RandomFlip",
    "RandomSubset",
    "RateSchedule",
    "RateTable",
    "Relu",
    "ResNet9Stage",
    "Reshuffled",
    "ResidualTriple",
    "RestandardisedDirac",
    "Reused",
    "SamePolynomial",
    "Scale",
    "Selection",
    "SelectiveTta",
    "Sgd",
    "Silu",
    "SquareCutmix",
    "SquareCutout",
    "Stage",
    "Standardisation",
    "StepAsOne",
    "StepInParts",
    "StepPolynomials",
    "Subset",
    "SurvivingMaps",
    "SvdWhitening",
    "TestTimeAugmentation",
    "TorchSgd",
    "TrainedBias",
    "TrainedNorms",
    "Triangle",
    "TwoPolynomials",
    "TwoStageCrop",
    "UniformInitial",
    "UpdateBatches",
    "VelocitySgd",
    "WeightAverage",
    "WhitenedConv",
    "WhitenedPrep",
    "Whitening",
    "WholeEpoch",
    "WholeMaps",
    "WholeMatrices",
    "WholeSet",
    "WideMaxPoolHead",
    "WithReplacement",
    "WrittenBackEma",
]

_MODULES = (
    "augment",
    "averaging",
    "chunked",
    "compiler",
    "cutmix",
    "cutout",
    "evaluate",
    "evaluated",
    "feeding",
    "filter_step",
    "first_layer",
    "freezing",
    "grouped",
    "head",
    "image_sizes",
    "inference",
    "initial",
    "network",
    "newton_schulz",
    "norms",
    "optimiser",
    "order",
    "polynomials",
    "pooled_conv",
    "precision",
    "prep",
    "schedule",
    "selection",
    "sgd",
    "stages",
    "standardisation",
    "update_batches",
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
