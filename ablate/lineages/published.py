"""Which published ladders a figure may draw: a recipe's, or those that a run folder goes with. Free of torch."""

from pathlib import Path

from ablate.errors import UsageError
from ablate.lineages.lookup import find_lineage
from ablate.store.resolved import REGISTRY_OPTION
from ablate.store.run_folder import RunFolder
from ablate.study.ladders import Ladder
from ablate.study.published import ladder_named


def ladders_for(folder: Path | None, *, recipe: str | None = None, ladder: str | None = None) -> tuple[Ladder, ...]:
    """The ladders to choose from: with `ladder` that one only; of `recipe`, else of what the run folder was made with.

    A run folder from before ladders were recorded goes with those of its lineage.

    Raises:
        UsageError: an unknown recipe, one without ladders where there is no folder, no ladder of that name; no such folder.
    """
    if recipe is not None or folder is None:
        lineage = find_lineage(recipe)
        first = ladder_named(lineage, ladder)
        return (first,) if ladder is not None else tuple(lineage.ladders.values())
    resolved = RunFolder.open(folder).resolved
    known = resolved.ladders
    if not known and resolved.lineage and all(file.option != REGISTRY_OPTION for file in resolved.files):
        known = tuple(find_lineage(resolved.lineage).ladders.values())
    if ladder is None:
        return known
    chosen = tuple(each for each in known if each.slug == ladder)
    if not chosen:
        there = ", ".join(each.slug for each in known) or "none"
        raise UsageError(f"{folder} goes with no published ladder '{ladder}'; its ladders: {there}.")
    return chosen
