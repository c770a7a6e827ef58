"""All combinations of the groups (64 of six): a share of the improvement for each that depends on no order, and their interactions."""

from ablate.study import Catalogue, Study, groups_together, shapley


def study(catalogue: Catalogue) -> Study:
    """Every combination of the groups that can be on together."""
    groups = groups_together(catalogue)
    return Study.of(
        shapley(groups.names),
        left_out=groups.left_out,
        name="shapley",
        question="What is each group's fair share of the improvement, and which groups only work together?",
        blocks=20,
        processes=5,
    )
