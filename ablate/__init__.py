"""Ablation studies of record-setting training recipes: which of these changes did it?

Names are loaded on first use, so that importing the package costs nothing and does not import torch.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Arm": "ablate.study",
    "CommandRecipe": "ablate.recipes.command",
    "Contrast": "ablate.study",
    "Feature": "ablate.recipes.feature",
    "Group": "ablate.study.groups",
    "Ladder": "ablate.study.ladders",
    "Lineage": "ablate.lineages.lineage",
    "Outline": "ablate.lineages.lineage",
    "Measured": "ablate.recipes.own",
    "MuonRecipe": "ablate.recipes.muon",
    "PythonRecipe": "ablate.recipes.own",
    "Recipe": "ablate.recipes.recipe",
    "Registry": "ablate.recipes.registry",
    "Results": "ablate.engine.results",
    "Rung": "ablate.study.ladders",
    "Score": "ablate.study.score",
    "SgdRecipe": "ablate.recipes.sgd",
    "Study": "ablate.study",
    "TrialContext": "ablate.recipes.own",
    "load_registry": "ablate.lineages.loading",
    "open_results": "ablate.engine.results",
    "resume": "ablate.api",
    "run": "ablate.api",
}
_MODULES = frozenset({"airbench", "export", "lineages", "parts", "plots", "report", "stats", "study"})

__all__ = [*sorted(_HOMES), *sorted(_MODULES)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("ablate.machine.environment").package_version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"ablate.{name}")
    raise AttributeError(f"module 'ablate' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
