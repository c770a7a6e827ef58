"""The lineage by name, and what was published about it. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

_SCRIPT = "KellerJordan/cifar10-airbench, legacy/airbench95.py"
_SMALL = "KellerJordan/cifar10-airbench, legacy/airbench94.py"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=_SCRIPT)
    for slug, title in (
        ("width", "Wider Groups"),
        ("rate", "Lower Rate"),
        ("lookahead", "Lookahead"),
        ("multicrop_tta", "Multi-Crop TTA"),
        ("alternating_flip", "Alternating Flip"),
    )
)
"""What no bar was published of: each change by itself."""

LADDERS = (
    Ladder(
        slug="from_airbench94",
        title="From 94 % to 95 %",
        unit="seconds",
        target_percent=None,
        device="A100",
        rungs=(
            Rung(
                title="airbench94",
                adds=(
                    "lookahead",
                    "multicrop_tta",
                    "alternating_flip",
                ),
                epochs=9.9,
                seconds=3.83,
                score_percent=94.01,
                trials=1000,
                source=_SMALL,
            ),
            Rung(
                title="airbench95",
                adds=(
                    "wider",
                    "lower_rate",
                ),
                epochs=15.0,
                seconds=10.4,
                score_percent=95.01,
                trials=200,
                source=_SCRIPT,
            ),
        ),
    ),
)

TABLES = (
    PublishedTable(
        slug="flip",
        title="Accuracy of airbench95 by flip and epochs",
        device="A100",
        arms=(
            PublishedArm(
                title="random flip",
                on=(
                    "wider",
                    "lower_rate",
                    "lookahead",
                    "multicrop_tta",
                ),
                epochs=15.0,
                score_percent=94.95,
                trials=100,
                source=_SCRIPT,
            ),
            PublishedArm(
                title="random flip, 16 epochs",
                on=(
                    "wider",
                    "lower_rate",
                    "lookahead",
                    "multicrop_tta",
                ),
                epochs=16.0,
                score_percent=94.97,
                trials=100,
                source=_SCRIPT,
            ),
            PublishedArm(
                title="random flip, 17 epochs",
                on=(
                    "wider",
                    "lower_rate",
                    "lookahead",
                    "multicrop_tta",
                ),
                epochs=17.0,
                score_percent=95.01,
                trials=100,
                source=_SCRIPT,
            ),
            PublishedArm(
                title="alternating flip",
                on=(
                    "wider",
                    "lower_rate",
                    "lookahead",
                    "multicrop_tta",
                    "alternating_flip",
                ),
                epochs=15.0,
                seconds=10.4,
                score_percent=95.01,
                trials=200,
                source=_SCRIPT,
            ),
        ),
    ),
    PublishedTable(
        slug="no_tta",
        title="airbench95 without test-time augmentation",
        device="A100",
        arms=(
            PublishedArm(
                title="no TTA", on=None, epochs=15.0, score_percent=94.4, source="arXiv:2404.00498, section 3.5"
            ),
        ),
    ),
)

LINEAGE = Lineage(
    name="airbench95",
    title="airbench94 at 15 epochs",
    summary="From airbench94 to airbench95: a wider network, a lower rate, 15 epochs: 95 % in 10.4 s.",
    source=_SCRIPT,
    epochs=15.0,
    groups=GROUPS,
    features=(
        Outline(name="wider", group="width"),
        Outline(name="lower_rate", group="rate"),
        Outline(name="lookahead", group="lookahead"),
        Outline(name="multicrop_tta", group="multicrop_tta"),
        Outline(name="alternating_flip", group="alternating_flip"),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.airbench95.registry:make_registry",
)
