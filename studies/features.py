"""Each of the ten features taken away from all the others, and each put on the baseline alone."""

from ablate.design import Study, add_one_in, combine, leave_one_out, total

FEATURES = (
    "vectorised_optimiser",
    "periodic_normalisation",
    "vectorised_crop",
    "brightness_contrast",
    "compile",
    "silu",
    "svd_whitening",
    "half_precision",
    "tuning",
    "selective_tta",
)

STUDY = Study.of(
    combine(total(FEATURES), leave_one_out(FEATURES), add_one_in(FEATURES)),
    name="features",
    question="What is each feature worth on its own, and what beside all the others?",
    blocks=20,
    processes=5,
)
