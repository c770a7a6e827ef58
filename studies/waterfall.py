"""The published figure, measured: the groups put on one after the other, in the figure's order."""

from ablate.study import Catalogue, Study, groups_together, ladder


def study(catalogue: Catalogue) -> Study:
    """The registry's groups that can be on together, in its order."""
    groups = groups_together(catalogue)
    published = all(catalogue.groups[slug].published_percent is not None for slug in groups.names)
    steps = "published steps" if published else "steps"
    return Study.of(
        ladder(groups.names),
        left_out=groups.left_out,
        name="waterfall",
        question=f"How much faster does each of the {steps} make training, one after the other?",
        blocks=20,
        processes=5,
    )
