"""The lineage by name, and what was published about it. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

_SCRIPT = "KellerJordan/cifar10-airbench, legacy/airbench96.py"
_SMALL = "KellerJordan/cifar10-airbench, legacy/airbench94.py"
_HISTORY = "KellerJordan/cifar10-airbench, git history"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=_SCRIPT)
    for slug, title in (
        ("width", "Wider Groups"),
        ("depth", "Third Convolution"),
        ("cutout", "Cutout"),
        ("translate", "Translation by 4"),
        ("schedule", "Schedule to Zero"),
        ("rate", "Lower Rate"),
        ("decay", "Lower Decay"),
        ("norms", "Slow Norms"),
        ("multicrop_tta", "Multi-Crop TTA"),
        ("alternating_flip", "Alternating Flip"),
    )
)
"""What no bar was published of: each change by itself."""

LADDERS = (
    Ladder(
        slug="from_airbench94",
        title="From 94 % to 96 %",
        unit="seconds",
        target_percent=None,
        device="A100",
        rungs=(
            Rung(
                title="airbench94",
                adds=(
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
                title="airbench96",
                adds=(
                    "wider",
                    "third_conv",
                    "cutout",
                    "translate_4",
                    "to_zero_schedule",
                    "lower_rate",
                    "lower_decay",
                    "slow_norms",
                ),
                epochs=37.0,
                seconds=34.7,
                score_percent=96.03,
                trials=400,
                source=_SCRIPT,
            ),
        ),
    ),
    Ladder(
        slug="history",
        title="airbench96 by version",
        unit="seconds",
        target_percent=96.0,
        device="A100",
        rungs=(
            Rung(
                title="the paper (2024-03-20)",
                epochs=40.0,
                seconds=46.3,
                score_percent=96.05,
                trials=200,
                source="arXiv:2404.00498; KellerJordan/cifar10-airbench, fb18366",
            ),
            Rung(title="2024-06-14, first", seconds=37.0, score_percent=96.01, source=_HISTORY),
            Rung(title="2024-06-14, second", seconds=35.8, score_percent=96.01, source=_HISTORY),
            Rung(title="2024-06-14, third", epochs=37.0, seconds=34.7, score_percent=96.03, trials=400, source=_SCRIPT),
        ),
        drawn_only="each rung is another version of the whole recipe",
    ),
)

TABLES = (
    PublishedTable(
        slug="flip",
        title="Accuracy of the paper's airbench96 by flip",
        device="A100",
        arms=(
            PublishedArm(title="random flip", on=None, epochs=40.0, score_percent=96.01, trials=200, source=_HISTORY),
            PublishedArm(
                title="alternating flip",
                on=None,
                epochs=40.0,
                seconds=46.3,
                score_percent=96.05,
                trials=200,
                source=_HISTORY,
            ),
        ),
    ),
    PublishedTable(
        slug="no_tta",
        title="airbench96 without test-time augmentation",
        device="A100",
        arms=(PublishedArm(title="no TTA", on=None, score_percent=95.6, source="arXiv:2404.00498, section 3.5"),),
    ),
)

LINEAGE = Lineage(
    name="airbench96",
    title="airbench94 at 37 epochs",
    summary="From airbench94 to airbench96: wider, deeper, stronger augmentation, down to zero: 96 % in 34.7 s.",
    source=_SCRIPT,
    epochs=37.0,
    groups=GROUPS,
    features=(
        Outline(name="wider", group="width"),
        Outline(name="third_conv", group="depth"),
        Outline(name="cutout", group="cutout"),
        Outline(name="translate_4", group="translate"),
        Outline(name="to_zero_schedule", group="schedule"),
        Outline(name="lower_rate", group="rate"),
        Outline(name="lower_decay", group="decay"),
        Outline(name="slow_norms", group="norms"),
        Outline(name="multicrop_tta", group="multicrop_tta"),
        Outline(name="alternating_flip", group="alternating_flip"),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.airbench96.registry:make_registry",
)
