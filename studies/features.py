"""Each feature taken away from all the others, and each put on the baseline alone."""

from ablate.study import Catalogue, Study, add_one_in, combine, leave_one_out, together, total


def study(catalogue: Catalogue) -> Study:
    """Every feature of the registry; one that cannot be on with the others is asked about alone."""
    others = together(catalogue, catalogue.names)
    return Study.of(
        combine(total(others.names), leave_one_out(others.names), add_one_in(catalogue.names)),
        left_out=others.left_out,
        name="features",
        question="What is each feature worth on its own, and what beside all the others?",
        blocks=20,
        processes=5,
    )
