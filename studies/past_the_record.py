"""The record against the package's own features on top of it, all together: faster, and as accurate?"""

from ablate.study import Catalogue, Study, groups_together, total, with_others

RECIPE = "airbench94_muon"


def study(catalogue: Catalogue) -> Study:
    """The published groups in both arms; `exact` and `beyond` in one. What each of their features adds, `beyond` asks."""
    published = groups_together(catalogue)
    return Study.of(
        with_others(total(["exact", "beyond"]), published.names),
        left_out=published.left_out,
        name="past_the_record",
        question="How much faster than the record is everything that the package adds to it, and is it as accurate?",
        blocks=200,
        processes=10,
    )
