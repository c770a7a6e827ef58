"""The published ladder as it was published: every rung with its own length, which may be another than its recipe's."""

from ablate.study import Catalogue, Study


def study(catalogue: Catalogue, ladder: str | None = None) -> Study:
    """The recipe's first published ladder, or the one that `--ladder` names."""
    return Study.published(catalogue, ladder, name="published", blocks=20, processes=5)
