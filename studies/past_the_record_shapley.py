"""Fair shares of what the package adds to the record, whatever the order, and whether its parts get in each other's way."""

from ablate.study import Catalogue, Study, groups_together, shapley, with_others

RECIPE = "airbench94_muon"


def study(catalogue: Catalogue) -> Study:
    """Every subset of `exact` as a whole and of the features of `beyond`, the published groups on in every arm."""
    published = groups_together(catalogue)
    beyond = sorted(catalogue.expand(["beyond"]), key=list(catalogue.features).index)
    return Study.of(
        with_others(shapley(["exact", *beyond]), published.names),
        left_out=published.left_out,
        name="past_the_record_shapley",
        question="What is each one's fair share of what the package adds to the record, and do they get in each other's way?",
        blocks=20,
        processes=5,
    )
