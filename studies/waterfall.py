"""The published figure, measured: the groups put on one after the other, in the figure's order."""

from ablate.study import Catalogue, Study, are_published, groups_together, ladder


def study(catalogue: Catalogue) -> Study:
    """The registry's groups that can be on together, in its order."""
    groups = groups_together(catalogue)
    steps = "published steps" if are_published(catalogue, groups.names) else "steps"
    return Study.of(
        ladder(groups.names),
        left_out=groups.left_out,
        name="waterfall",
        question=f"How much faster does each of the {steps} make training, one after the other?",
        blocks=20,
        processes=5,
    )
