"""The baseline and the full recipe, each against its own twin: what the measurement shows where nothing differs."""

from ablate.design import HIVE_SLUGS, Study, aa

STUDY = Study.of(
    aa(HIVE_SLUGS),
    name="aa",
    question="Does the measurement find a difference where there is none?",
    blocks=20,
    processes=5,
)
