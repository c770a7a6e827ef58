"""The waterfall with every arm at three lengths, so that its steps can also be judged at equal accuracy."""

from ablate.study import Catalogue, Study, are_published, groups_together, ladder, lengths


def study(catalogue: Catalogue) -> Study:
    """The registry's groups that can be on together, in its order, each step at three lengths."""
    groups = groups_together(catalogue)
    steps = "published steps" if are_published(catalogue, groups.names) else "steps"
    return Study.of(
        lengths(ladder(groups.names), (0.85, 1.0, 1.15)),
        left_out=groups.left_out,
        name="waterfall_equal_accuracy",
        question=f"How much faster does each of the {steps} reach the baseline's accuracy?",
        blocks=20,
        processes=5,
    )
