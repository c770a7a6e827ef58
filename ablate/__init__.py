"""Ablation studies of record-setting training recipes: which of these changes did it?

Names are loaded on first use, so that importing the package costs nothing and does not import torch.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Arm": "ablate.design",
    "Contrast": "ablate.design",
    "Feature": "ablate.registry",
    "Group": "ablate.groups",
    "Recipe": "ablate.recipe",
    "Registry": "ablate.registry",
    "Results": "ablate.results",
    "Study": "ablate.design",
    "load_registry": "ablate.loading",
    "open_results": "ablate.results",
    "resume": "ablate.api",
    "run": "ablate.api",
}
_MODULES = frozenset({"design", "parts", "plots", "report", "stats"})

__all__ = [*sorted(_HOMES), *sorted(_MODULES)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("ablate.environment").package_version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"ablate.{name}")
    raise AttributeError(f"module 'ablate' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
