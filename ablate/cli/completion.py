"""Words that a shell completes: names of recipes, of their features and groups, of studies and of trackers. Free of torch.

A fault completes nothing: the command itself says what is wrong.
"""

from collections.abc import Iterable

import typer

from ablate.errors import AblateError


def recipes(incomplete: str) -> list[str]:
    """The lineages that begin so."""
    from ablate.lineages.lookup import lineage_names

    return _beginning(incomplete, lineage_names())


def features(ctx: typer.Context, incomplete: str) -> list[str]:
    """The features and groups of the recipe chosen that begin so; of a list with commas, its last word is completed."""
    from ablate.lineages.lookup import find_lineage

    try:
        lineage = find_lineage(ctx.params.get("recipe"))
    except AblateError:
        return []
    before, comma, last = incomplete.rpartition(",")
    return [before + comma + name for name in _beginning(last, dict.fromkeys([*lineage.features, *lineage.groups]))]


def ladders(ctx: typer.Context, incomplete: str) -> list[str]:
    """The published ladders of the recipe chosen that begin so."""
    from ablate.lineages.lookup import find_lineage

    try:
        return _beginning(incomplete, find_lineage(ctx.params.get("recipe")).ladders)
    except AblateError:
        return []


def studies(incomplete: str) -> list[str]:
    """The package's own studies that begin so."""
    from ablate.lineages.study_files import study_files

    return _beginning(incomplete, study_files())


def trackers(incomplete: str) -> list[str]:
    """The trackers that begin so."""
    from ablate.export import KINDS

    return _beginning(incomplete, KINDS)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
