"""The baseline and the full recipe, each against its own twin: what the measurement shows where nothing differs."""

from ablate.study import Catalogue, Study, aa, groups_together


def study(catalogue: Catalogue) -> Study:
    """The baseline and all groups that can be on together."""
    groups = groups_together(catalogue)
    return Study.of(
        aa(groups.names),
        left_out=groups.left_out,
        name="aa",
        question="Does the measurement find a difference where there is none?",
        blocks=20,
        processes=5,
    )
