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
    from ablate.parts.precision import ComputeDtypeNorms, Float32Norms, Precision
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

_MODULES = ("augment", "compiler", "evaluate", "network", "optimiser", "precision", "schedule", "whitening")


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
