"""The scales of image recipes that have a name, and an arm's recipe at one of them."""

from collections.abc import Mapping
from typing import cast

import torch

from ablate.errors import UsageError, near_match_and_all
from ablate.parts import Scale
from ablate.recipes.images import ImageRecipe
from ablate.recipes.registry import Registry
from ablate.study import Arm


def presets_of(registry: Registry) -> Mapping[str, Scale]:
    """The presets of the registry's recipes."""
    return cast(ImageRecipe, registry.baseline).presets


def choose_preset(preset: str, device: torch.device, presets: Mapping[str, Scale]) -> str:
    """The preset's name among `presets`, "auto" resolved: `full` on a GPU, `mini` elsewhere.

    Raises:
        UsageError: no such preset.
    """
    if preset == "auto":
        return "full" if device.type == "cuda" else "mini"
    if preset not in presets:
        raise UsageError(f"Unknown preset '{preset}'.{near_match_and_all(preset, ['auto', *presets])}")
    return preset


def compose_arm(registry: Registry, arm: Arm, preset: str) -> ImageRecipe:
    """The recipe of an arm at a preset's scale and the arm's length."""
    recipe = cast(ImageRecipe, registry.compose(arm.features))
    return recipe.scaled(presets_of(registry)[preset].lengthened(arm.length))
