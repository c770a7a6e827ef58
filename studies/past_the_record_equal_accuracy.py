"""The record against everything that the package adds to it at four lengths: what is saved at the record's own accuracy."""

from ablate.study import Catalogue, Study, groups_together, lengths, total, with_others

RECIPE = "airbench94_muon"


def study(catalogue: Catalogue) -> Study:
    """The published groups in every arm; `exact` and `beyond` in half of them."""
    published = groups_together(catalogue)
    return Study.of(
        # The record sets the accuracy to reach, at its own length; longer ones are where a loss of accuracy is made up for.
        lengths(with_others(total(["exact", "beyond"]), published.names), (0.85, 1.0, 1.15, 1.3), of=["all"]),
        left_out=published.left_out,
        name="past_the_record_equal_accuracy",
        question="How much faster than the record does everything that the package adds to it reach the record's accuracy?",
        blocks=200,
        processes=10,
    )
