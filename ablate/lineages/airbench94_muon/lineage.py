"""The lineage by name, and what was published about it. Free of torch."""

from dataclasses import replace
from itertools import accumulate

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, Rung

_SCRIPT = "KellerJordan/cifar10-airbench, airbench94_muon.py (2025-03-02)"
_CHART = "hiverge/cifar10-speedrun, img/improvements.svg (2025-09-30)"
_HISTORY = "hiverge/cifar10-speedrun, git history"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=percent, source=_CHART)
    for slug, title, percent in (
        ("optimiser", "Vectorised Optimiser", 5.17),
        ("augmentation", "Data Augmentation", 1.78),
        ("compilation", "Compilation", 0.97),
        ("architecture", "Architecture", 4.90),
        ("tuning", "Tuning", 7.10),
        ("tta", "Test-Time Augmentation", 2.28),
    )
)
"""The bars of the Hive's improvements figure, in its order."""

PAST_GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source="this package", optional=True)
    for slug, title in (("exact", "Same Mathematics, Less Work"), ("beyond", "Past the Record"))
)
"""What goes past the published record: no part of "all", which stays that record."""

_BASELINE = Rung(title="airbench94_muon", epochs=8.0, seconds=2.59, score_percent=94.01, trials=200, source=_SCRIPT)


def _bars() -> tuple[Rung, ...]:
    """The rungs of the chart, which gives shares of the baseline's time; all else was published of the whole record only."""
    so_far = accumulate(group.published_percent or 0.0 for group in GROUPS)
    rungs = [
        Rung(title=group.title, adds=(group.slug,), seconds=round(2.59 * (1 - percent / 100), 6), source=_CHART)
        for group, percent in zip(GROUPS, so_far, strict=True)
    ]
    whole = replace(rungs.pop(), epochs=7.59, seconds=2.015, score_percent=94.008, trials=2000)
    return (_BASELINE, *rungs, whole)


LADDERS = (
    Ladder(
        slug="waterfall", title="Published improvements, step by step", unit="seconds", device="A100", rungs=_bars()
    ),
    Ladder(
        slug="history",
        title="The record by date",
        unit="seconds",
        device="A100",
        rungs=(
            _BASELINE,
            *(
                Rung(title=date, seconds=seconds, score_percent=score, trials=2000, source=f"{_HISTORY} ({date})")
                for date, seconds, score in (
                    ("2025-09-10", 2.0932, 94.0207),
                    ("2025-09-11", 2.0886, 94.0265),
                    ("2025-09-12", 2.0732, 94.0148),
                    ("2025-09-13", 2.0511, 94.0138),
                    ("2025-09-15", 2.0301, 94.0139),
                    ("2025-09-22", 2.0197, 94.0079),
                    ("2025-09-25", 2.0160, 94.0084),
                    ("2025-09-26", 2.0150, 94.0080),
                )
            ),
        ),
    ),
    Ladder(
        slug="newer",
        title="The newer script",
        unit="seconds",
        device="A100 (another host than the record's)",
        rungs=(
            _BASELINE,
            Rung(
                title="cifar10_speedrun.py of 2025-10-17",
                adds=("optimiser", "augmentation", "compilation", "architecture", "newer_tuning", "tta"),
                epochs=7.65,
                seconds=1.980,
                score_percent=94.02,
                trials=2000,
                source=f"{_HISTORY} (2025-10-17)",
            ),
        ),
    ),
)

LINEAGE = Lineage(
    name="airbench94_muon",
    title="airbench94_muon",
    summary="The Hive's ten features over Keller Jordan's CIFAR-10 speedrun: 94 % in 2.015 s.",
    source=_SCRIPT,
    epochs=8.0,
    groups=(*GROUPS, *PAST_GROUPS),
    features=(
        Outline(name="vectorised_optimiser", group="optimiser"),
        Outline(name="periodic_normalisation", group="optimiser"),
        Outline(name="vectorised_crop", group="augmentation"),
        Outline(name="brightness_contrast", group="augmentation"),
        Outline(name="compile", group="compilation"),
        Outline(name="silu", group="architecture"),
        Outline(name="svd_whitening", group="architecture"),
        Outline(name="half_precision", group="architecture"),
        Outline(name="tuning", group="tuning", epochs=7.59),
        Outline(name="newer_tuning", group="tuning", epochs=7.65, alternative_to="tuning"),
        Outline(name="selective_tta", group="tta"),
        Outline(name="surviving_maps", group="exact", optional=True),
        Outline(
            name="shaped_newton_schulz", group="exact", requires=frozenset({"vectorised_optimiser"}), optional=True
        ),
        Outline(name="gram_newton_schulz", group="exact", requires=frozenset({"vectorised_optimiser"}), optional=True),
        Outline(name="lean_updates", group="exact", requires=frozenset({"vectorised_optimiser"}), optional=True),
        Outline(name="batchwise_augmentation", group="exact", requires=frozenset({"vectorised_crop"}), optional=True),
        Outline(name="reused_view", group="exact", requires=frozenset({"selective_tta"}), optional=True),
        Outline(name="folded_norms", group="exact", optional=True),
        Outline(name="growing_images", group="beyond", optional=True),
        Outline(name="frozen_first_group", group="beyond", optional=True),
        Outline(name="two_step_newton_schulz", group="optimiser", optional=True),
    ),
    ladders=LADDERS,
    registry="ablate.lineages.airbench94_muon.registry:make_registry",
)
