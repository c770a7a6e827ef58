"""What was published of a recipe: ladders that a figure may draw, and what is told of one feature. Free of torch."""

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from ablate.errors import UsageError
from ablate.lineages.lineage import Lineage
from ablate.lineages.lookup import find_lineage
from ablate.store.resolved import REGISTRY_OPTION
from ablate.store.run_folder import RunFolder
from ablate.study.ladders import Ladder, PublishedArm, Rung
from ablate.study.published import ladder_named


class PublishedPair(NamedTuple):
    """What was published with a feature on and with it off, and in which ladder or table."""

    where: str
    with_it: Rung | PublishedArm
    without_it: Rung | PublishedArm


def published_of(lineage: Lineage, name: str) -> tuple[PublishedPair, ...]:
    """What was published of a feature by itself: rungs that add nothing else, and arms of tables that differ in it from the first.

    An alternative that has to go for it to be on, and what that cannot be on with, is no other difference. What two ladders tell
    alike is told once.
    """
    if name not in lineage.features:
        return ()
    pairs: dict[tuple[Rung | PublishedArm, Rung | PublishedArm], PublishedPair] = {}
    for ladder in lineage.ladders.values():
        for below, rung in pairwise(ladder.rungs):
            if lineage.expand(rung.adds) == {name}:
                pairs.setdefault((rung, below), PublishedPair(ladder.slug, rung, below))
    instead = {other for other, told in lineage.features.items() if told.alternative_to == name}
    barred = frozenset().union(*(lineage.features[other].excludes for other in instead))
    instead |= barred | {
        other for other, told in lineage.features.items() if instead & told.excludes or name in told.requires
    }
    for table in lineage.tables.values():
        first, *others = table.arms
        on = None if first.on is None else lineage.expand(first.on)
        for arm in others:
            if on is None or arm.on is None:
                continue
            different = on ^ lineage.expand(arm.on)
            if name in different and different - {name} <= instead:
                with_it, without_it = (first, arm) if name in on else (arm, first)
                pairs.setdefault((with_it, without_it), PublishedPair(table.slug, with_it, without_it))
    return tuple(pairs.values())


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
