"""PyTorch's SGD in the place of one whose velocity remembers the rates of its steps: what does it cost?"""

from ablate.study import Catalogue, Study, add_one_in

RECIPE = "fastcifar10"


def study(catalogue: Catalogue) -> Study:
    """The published loss is 0.66 percentage points of accuracy, over 100 runs of each side."""
    return Study.of(
        add_one_in(catalogue.names),
        name="fastcifar10",
        question="How much accuracy does PyTorch's own SGD lose?",
        blocks=100,
        processes=5,
    )
