"""The waterfall past the record: the published groups, then the same mathematics with less work, then changes of it, step by step."""

from ablate.study import Catalogue, Study, groups_together, ladder

RECIPE = "airbench94_muon"


def study(catalogue: Catalogue) -> Study:
    """The groups of the record in its order, all of `exact`, and the features of `beyond` one by one."""
    published = groups_together(catalogue)
    past = sorted(catalogue.expand(["beyond"]), key=list(catalogue.features).index)
    return Study.of(
        ladder([*published.names, "exact", *past]),
        left_out=published.left_out,
        name="beyond",
        question="How much faster than the record is training with the package's own features on top of it?",
        blocks=20,
        processes=5,
    )
