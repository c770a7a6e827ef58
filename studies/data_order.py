"""Alternating flip and reshuffling, each with and without the other: the 2×2 of airbench94's data distribution (arXiv:2404.00498)."""

from ablate.study import Catalogue, Study, shapley, with_others

RECIPE = "airbench94"

ASKED = ("alternating_flip", "with_replacement")


def study(catalogue: Catalogue) -> Study:
    """Both features over all others of airbench94."""
    others = [name for name in catalogue.names if name not in ASKED]
    return Study.of(
        with_others(shapley(ASKED), others),
        name="data_order",
        question="What do alternating flip and drawing with replacement do, and does one change what the other does?",
        blocks=40,
        processes=5,
    )
