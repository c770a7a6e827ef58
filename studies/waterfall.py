"""The published figure, measured: the six groups put on one after the other, in the figure's order."""

from ablate.design import Study, ladder

STUDY = Study.of(
    ladder(),
    name="waterfall",
    question="How much faster does each of the published steps make training, one after the other?",
    blocks=20,
    processes=5,
)
