"""The package's own features on top of the record one by one: a waterfall whose baseline is the record."""

from ablate.study import Catalogue, Study, groups_together, ladder, with_others

RECIPE = "airbench94_muon"


def study(catalogue: Catalogue) -> Study:
    """The published groups in every arm, then each feature of `exact` and of `beyond` as a step of its own.

    One round of times in each process: the process is the unit, so that five of them with one each tell more than one with five.
    """
    published = groups_together(catalogue)
    own = sorted(catalogue.expand(["exact", "beyond"]), key=list(catalogue.features).index)
    return Study.of(
        with_others(ladder(own), published.names),
        left_out=published.left_out,
        name="past_the_record_steps",
        question="What does each feature that the package adds to the record save?",
        blocks=20,
        processes=5,
        rounds=1,
    )
