"""The published ladder as it was published: every rung with its own length, which may be another than its recipe's."""

from ablate.study import Catalogue, Study


def study(catalogue: Catalogue) -> Study:
    """The recipe's first published ladder; `Study.published(catalogue, ladder="…")` in a file of your own takes another."""
    return Study.published(catalogue, name="published", blocks=20, processes=5)
