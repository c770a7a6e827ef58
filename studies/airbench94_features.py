"""Each feature of airbench94 taken away from all the others, at its own 9.9 epochs, as in the paper (arXiv:2404.00498, section 5)."""

from ablate.study import Catalogue, Study, leave_one_out, with_others

RECIPE = "airbench94"

LENGTH = "short_run"


def study(catalogue: Catalogue) -> Study:
    """Every feature but the one that is the length: it is on throughout."""
    asked = [name for name in catalogue.names if name != LENGTH]
    return Study.of(
        with_others(leave_one_out(asked), [LENGTH]),
        name="airbench94_features",
        question="What does each feature of airbench94 add to all the others, at 9.9 epochs?",
        blocks=20,
        processes=5,
    )
