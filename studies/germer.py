"""cifar10-fast-simple against the training that it simplifies: are they as accurate as each other, as was published?"""

from ablate.study import Catalogue, Study, add_one_in, combine, total

RECIPE = "germer"


def study(catalogue: Catalogue) -> Study:
    """All its changes at once, and each by itself: two that cancel would leave the whole as it was."""
    return Study.of(
        combine(total(catalogue.names), add_one_in(catalogue.names)),
        name="germer",
        question="Is the simplified training as accurate as the one that it simplifies?",
        blocks=100,
        processes=5,
    )
