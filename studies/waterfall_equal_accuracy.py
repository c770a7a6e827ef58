"""The waterfall with every arm at three lengths, so that its steps can also be judged at equal accuracy."""

from ablate.design import Study, ladder, lengths

STUDY = Study.of(
    lengths(ladder(), (0.85, 1.0, 1.15)),
    name="waterfall_equal_accuracy",
    question="How much faster does each of the published steps reach the baseline's accuracy?",
    blocks=20,
    processes=5,
)
