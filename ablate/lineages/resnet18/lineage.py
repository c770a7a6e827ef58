"""The lineage by name, and what was published about it. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

_SCRIPT = "KellerJordan/cifar10-zoo, airbench/baselines/base_resnet18.py (2024-03-31)"
_README = "KellerJordan/cifar10-airbench, README.md"
_TUNED = "KellerJordan/cifar10-zoo, baselines/train_resnet18_96.py and train_resnet18_94.py (2024-03-06)"
_PLAIN = "KellerJordan/cifar10-zoo, scaling/train_resnet18.py (2024-02-11)"
_CUTOUT = "KellerJordan/cifar10-zoo, scaling/cutout_resnet18.py (2024-02-11)"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=_SCRIPT)
    for slug, title in (
        ("cutout", "Cutout"),
        ("tta", "Test-Time Augmentation"),
        ("flip", "Alternating Flip"),
        ("smoothing", "Label Smoothing"),
        ("compilation", "Compilation"),
        ("batch", "Batch 500"),
    )
)
"""What no bar was published of: each change by itself."""

LADDERS = (
    Ladder(
        slug="cutout",
        title="Cutout",
        unit="seconds",
        target_percent=None,
        device="A100",
        rungs=(
            Rung(
                title="no cutout, mirror TTA",
                adds=(
                    "batch_500",
                    "mirror_tta",
                ),
                epochs=200.0,
                seconds=462.0,
                score_percent=95.57,
                trials=1,
                source=_PLAIN,
            ),
            Rung(
                title="cutout",
                adds=("cutout",),
                epochs=200.0,
                seconds=462.0,
                score_percent=96.06,
                trials=1,
                source=_CUTOUT,
            ),
        ),
    ),
    Ladder(
        slug="to_96",
        title="Time to 96 %, by recipe",
        unit="seconds",
        target_percent=96.0,
        device="A100",
        rungs=(
            Rung(title="ResNet-18, standard", epochs=200.0, seconds=420.0, score_percent=96.0, source=_README),
            Rung(title="ResNet-18, tuned", epochs=80.0, seconds=156.0, source=_TUNED),
            Rung(title="Page's network, long", epochs=70.0, seconds=97.0, source=_TUNED),
            Rung(
                title="airbench96, the paper",
                epochs=40.0,
                seconds=46.3,
                score_percent=96.05,
                trials=200,
                source=_README,
            ),
            Rung(title="airbench96", epochs=37.0, seconds=34.7, score_percent=96.03, trials=400, source=_README),
            Rung(title="airbench96_faster", epochs=45.0, seconds=27.3, score_percent=96.0, trials=200, source=_README),
        ),
        drawn_only="most of its rungs are other recipes",
    ),
)

TABLES = (
    PublishedTable(
        slug="flip",
        title="Accuracy of a tuned ResNet-18 by flip",
        device="A100",
        arms=(
            PublishedArm(
                title="random flip, 26 epochs",
                on=None,
                epochs=26.0,
                seconds=52.1,
                score_percent=94.004,
                trials=200,
                source=_TUNED,
            ),
            PublishedArm(
                title="alternating flip, 26 epochs",
                on=None,
                epochs=26.0,
                score_percent=94.039,
                trials=200,
                source=_TUNED,
            ),
            PublishedArm(
                title="random flip, 80 epochs",
                on=None,
                epochs=80.0,
                seconds=156.0,
                score_percent=95.875,
                trials=100,
                source=_TUNED,
            ),
            PublishedArm(
                title="alternating flip, 80 epochs",
                on=None,
                epochs=80.0,
                score_percent=95.885,
                trials=100,
                source=_TUNED,
            ),
        ),
    ),
    PublishedTable(
        slug="tta",
        title="Accuracy of a tuned ResNet-18 by test-time augmentation (80 epochs, three runs)",
        device="A100",
        arms=(
            PublishedArm(
                title="no TTA, the lowest of three", on=None, epochs=80.0, score_percent=95.32, trials=1, source=_TUNED
            ),
            PublishedArm(
                title="no TTA, the highest of three", on=None, epochs=80.0, score_percent=95.55, trials=1, source=_TUNED
            ),
            PublishedArm(
                title="mirror TTA, the lowest of three",
                on=None,
                epochs=80.0,
                score_percent=95.67,
                trials=1,
                source=_TUNED,
            ),
            PublishedArm(
                title="mirror TTA, the highest of three",
                on=None,
                epochs=80.0,
                score_percent=95.9,
                trials=1,
                source=_TUNED,
            ),
            PublishedArm(
                title="multi-crop TTA, the lowest of three",
                on=None,
                epochs=80.0,
                score_percent=95.82,
                trials=1,
                source=_TUNED,
            ),
            PublishedArm(
                title="multi-crop TTA, the highest of three",
                on=None,
                epochs=80.0,
                score_percent=96.03,
                trials=1,
                source=_TUNED,
            ),
        ),
    ),
)

LINEAGE = Lineage(
    name="resnet18",
    title="ResNet-18",
    summary="The standard training of a ResNet-18, 200 epochs: 96 % in 7 minutes.",
    source=_SCRIPT,
    epochs=200.0,
    groups=GROUPS,
    features=(
        Outline(name="cutout", group="cutout"),
        Outline(name="multicrop_tta", group="tta"),
        Outline(name="mirror_tta", group="tta", alternative_to="multicrop_tta"),
        Outline(name="alternating_flip", group="flip", optional=True),
        Outline(name="label_smoothing", group="smoothing", optional=True),
        Outline(name="compile", group="compilation", optional=True),
        Outline(name="batch_500", group="batch", optional=True),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.resnet18.registry:make_registry",
)
