"""All 64 combinations of the six groups: a share of the improvement for each that depends on no order, and their interactions."""

from ablate.design import Study, shapley

STUDY = Study.of(
    shapley(),
    name="shapley",
    question="What is each group's fair share of the improvement, and which groups only work together?",
    blocks=20,
    processes=5,
)
