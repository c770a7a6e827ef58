"""Two arms, two trials each, on images that need no download: does everything work here?"""

from ablate.design import ALL, HIVE_SLUGS, Arm, Study, pair

WHOLE = Arm(name=ALL, features=frozenset(HIVE_SLUGS))
REST = Arm(name=f"{ALL} - tta", features=WHOLE.features - {"tta"})

STUDY = Study.of(
    pair(WHOLE, REST),
    name="smoke",
    question="Does everything work here?",
    blocks=2,
    processes=1,
    data="synthetic",
    preset="mini",
)
