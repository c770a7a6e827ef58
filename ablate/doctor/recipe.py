"""Whether a recipe can be taken apart here."""

from typing import TYPE_CHECKING

from ablate.doctor.finding import Finding, ok, problem
from ablate.errors import UsageError

if TYPE_CHECKING:
    from ablate.lineages.lineage import Lineage


def recipe_finding(lineage: "Lineage") -> Finding:
    """Its registry, loaded with the features that installed packages add."""
    from ablate.lineages.loading import load_registry
    from ablate.stats.wording import counted

    try:
        registry = load_registry(recipe=lineage.name)
    except UsageError as error:
        return problem("recipe", str(error), "install the package it comes from again, or a version that fits this one")
    seen = f"{lineage.name}: {counted(len(registry.names), 'feature')}, {counted(len(registry.ladders), 'published ladder')}"
    return ok("recipe", seen)
