"""What each feature that the package adds to the record does on average over the rest being on or off: few arms, which all inform each."""

from ablate.study import Catalogue, Study, groups_together

RECIPE = "airbench94_muon"


def study(catalogue: Catalogue) -> Study:
    """About half of the features of `exact` and `beyond` in each arm, the published groups on in all of them."""
    published = groups_together(catalogue)
    own = sorted(catalogue.expand(["exact", "beyond"]), key=list(catalogue.features).index)
    return Study.screening(
        catalogue,
        own,
        others=published.names,
        name="past_the_record_screening",
        question="What does each feature that the package adds to the record do on average over the rest being on or off?",
        blocks=10,
        processes=5,
    )
