"""The design of a published ladder: its rungs as they were published, each at its own length. Free of torch."""

from collections.abc import Iterable
from itertools import pairwise

from ablate.errors import UsageError, near_match_and_all
from ablate.study.arms import ALL, BASELINE, Arm, Contrast, Design
from ablate.study.catalogue import Catalogue
from ablate.study.ladders import Ladder


def published(catalogue: Catalogue, ladder: Ladder) -> Design:
    """The rungs of a published ladder: arms "baseline" (or the first rung's title, if it has features), "+ X", …, each as long as its
    rung was.

    A rung's length is its epochs over those of the recipe that its features make; a rung without epochs has the recipe's. What a
    step shows depends on the steps before it, and is the sum of what it adds and of what its length changes.

    Raises:
        UsageError: a ladder that can only be drawn, a rung that adds nothing and is as long as the one below it, a name that is
            added twice or unknown, a rung with epochs over a recipe that is not told in epochs.
    """
    if ladder.drawn_only:
        raise UsageError(
            f"Ladder '{ladder.slug}' can be drawn and not trained: {ladder.drawn_only}. {_how_to_draw(ladder)}"
        )
    arms: list[Arm] = []
    for number, rung in enumerate(ladder.rungs):
        on = tuple(name for below in ladder.rungs[: number + 1] for name in below.adds)
        twice = next((name for name in on if on.count(name) > 1), None)
        if twice is not None:
            raise UsageError(f"Ladder '{ladder.slug}' adds '{twice}' twice, the second time on rung '{rung.title}'.")
        length = _length(catalogue, ladder, on, rung.epochs)
        if arms and not rung.adds and length == arms[-1].length:
            raise UsageError(
                f"Ladder '{ladder.slug}' does not say what its rung '{rung.title}' changes, so it can be drawn and not trained. "
                f"{_how_to_draw(ladder)}"
            )
        start = rung.title if rung.adds else BASELINE
        arms.append(Arm(name=f"+ {rung.subject}" if number else start, features=frozenset(on), length=length))
    steps = tuple(
        Contrast(subject=rung.subject, with_arm=above.name, without_arm=below.name, kind="ladder")
        for rung, (below, above) in zip(ladder.rungs[1:], pairwise(arms), strict=True)
    )
    whole = Contrast(subject=ALL, with_arm=arms[-1].name, without_arm=arms[0].name, kind="total")
    return Design(arms=tuple(arms), contrasts=(*steps, whole))


def _how_to_draw(ladder: Ladder) -> str:
    return f"`ablate figure waterfall --published --ladder {ladder.slug}` draws it, with the same --recipe."


def ladder_named(catalogue: Catalogue, slug: str | None) -> Ladder:
    """A published ladder of a registry; without a name the first of them.

    Raises:
        UsageError: it has none at all, or none of that name.
    """
    if not catalogue.ladders:
        raise UsageError(
            "Nothing was published about this registry: it has no ladder. Give it one, `Registry(..., ladders=[ablate.Ladder(...)])`, "
            "or take another recipe; `ablate recipes` lists them."
        )
    if slug is None:
        return next(iter(catalogue.ladders.values()))
    if slug not in catalogue.ladders:
        raise UsageError(f"There is no published ladder '{slug}'.{near_match_and_all(slug, catalogue.ladders)}")
    return catalogue.ladders[slug]


def _length(catalogue: Catalogue, ladder: Ladder, on: Iterable[str], epochs: float | None) -> float:
    """The factor on the recipe's epochs; 1 for a rung that no registry can train, which says so itself."""
    if epochs is None or catalogue.reason_impossible(catalogue.expand(on)) is not None:
        return 1.0
    own = catalogue.epochs(on)
    if own is None:
        raise UsageError(
            f"Ladder '{ladder.slug}' gives its rungs epochs, and these recipes are not told in epochs; leave them out of the rungs."
        )
    return epochs / own
