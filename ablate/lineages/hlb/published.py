"""What was published about hlb-CIFAR10: its releases, and an older one by precision and by device. Free of torch."""

from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

REPOSITORY = "tysam-code/hlb-CIFAR10"
RELEASE = f"{REPOSITORY} v0.7.0, main.py"
_OLDER = f"{REPOSITORY}, README.md of an older release"

_RELEASES = (
    # Of two times of a release the one that its notes build on, as in `records`.
    ("v0.1.0: Page's recipe rewritten", 10.0, 18.1, "release v0.1.0"),
    ("v0.2.0: channels_last, no ghost norm, another pooling", None, 12.31, "release v0.2.0; 12.38 s in its README"),
    ("v0.3.0: GELU, 2×2 whitening, squeeze-and-excitation", None, 9.91, "release v0.3.0; 9.91 to 9.96 s"),
    ("v0.4.0: two convolutions a group, batch 1024", None, 7.68, "release v0.4.0; 7.68 to 7.71 s"),
    ("v0.5.0: narrower, written-back average, cutmix", 12.6, 6.98, "release v0.5.0"),
    ("v0.6.0: dirac initialisation", 12.1, 6.84, "release v0.6.0"),
    ("v0.7.0: no residuals, negated whitening", 12.1, 6.29, "release v0.7.0"),
)

LADDERS = (
    Ladder(
        slug="releases",
        title="hlb-CIFAR10, release by release",
        unit="seconds",
        target_percent=94.0,
        device="A100",
        rungs=tuple(
            Rung(title=title, epochs=epochs, seconds=seconds, source=f"{REPOSITORY}, {where}")
            for title, epochs, seconds, where in _RELEASES
        ),
        drawn_only="each rung is another version of the whole recipe; `hlb` is the last",
    ),
)


def _of_older(title: str, score_percent: float, seconds: float) -> PublishedArm:
    return PublishedArm(title=title, on=None, seconds=seconds, score_percent=score_percent, source=_OLDER)


TABLES = (
    PublishedTable(
        slug="precision",
        title="An older release by compute dtype",
        device="A100-80GB",
        arms=(
            _of_older("float16", 93.97, 9.70),
            _of_older("float16, default workers", 94.0, 9.73),
            _of_older("bfloat16, PCIe", 93.89, 9.84),
            _of_older("float32, PCIe", 94.17, 21.25),
            _of_older("float64, PCIe", 93.187, 255.7),
        ),
    ),
    PublishedTable(
        slug="devices",
        title="An older release by device",
        device="as named",
        arms=(
            _of_older("A100-80GB, float16", 93.97, 9.70),
            _of_older("RTX 3090", 94.003, 22.15),
            _of_older("RTX 3080, laptop", 94.247, 44.40),
            _of_older("CPU", 94.05, 815.0),
        ),
    ),
)
