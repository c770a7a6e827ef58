"""The lineage by name, and what was published about it. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, PublishedArm, PublishedTable, Rung

_SCRIPT = "99991/cifar10-fast-simple, train.py and model.py"
_LOGS = "99991/cifar10-fast-simple, logs"
_README = "99991/cifar10-fast-simple, README.md"
_PAGE = "KellerJordan/cifar10-zoo, README.md"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=_SCRIPT)
    for slug, title in (
        ("logits", "Logit Scale"),
        ("rate", "Rate Table"),
        ("crop", "Crop by Batch"),
        ("flip", "Flip by Half Epoch"),
    )
)
"""What no bar was published of: the claim is that together they change nothing."""

_FEATURES = ("logit_scale", "rate_table", "batch_crop", "half_epoch_flip")

LADDERS = (
    Ladder(
        slug="simpler",
        title="The training of new_dawn.py, simplified",
        unit="seconds",
        target_percent=94.0,
        device="A100 (other hosts and versions of torch)",
        rungs=(
            Rung(title="new_dawn.py", epochs=10.0, seconds=14.0, score_percent=94.10, trials=400, source=_PAGE),
            Rung(
                title="cifar10-fast-simple",
                adds=_FEATURES,
                epochs=10.0,
                seconds=14.3,
                score_percent=94.0995,
                trials=100,
                source=f"{_LOGS}/A100.txt",
            ),
        ),
    ),
)

TABLES = (
    PublishedTable(
        slug="by_device",
        title="The same training on other hardware",
        device="A100-SXM4-40GB, then P100, V100, RTX 3060 laptop",
        arms=tuple(
            PublishedArm(
                title=title,
                on=_FEATURES,
                epochs=10.0,
                seconds=seconds,
                score_percent=score,
                trials=trials,
                source=source,
            )
            for title, seconds, score, trials, source in (
                ("A100-SXM4-40GB", 14.3, 94.0995, 100, f"{_LOGS}/A100.txt"),
                ("P100", 83.8, 94.1018, 100, f"{_LOGS}/P100.txt"),
                ("V100", 29.9, 94.22, 1, _README),
                ("RTX 3060 laptop", 89.74, 94.12, 1, _README),
            )
        ),
    ),
)

LINEAGE = Lineage(
    name="germer",
    title="ResNet-9 of 2019",
    summary="new_dawn.py in a fraction of the code: is it as accurate? 94.1 % in 14.3 s on an A100.",
    source=_SCRIPT,
    epochs=10.0,
    groups=GROUPS,
    features=(
        Outline(name="logit_scale", group="logits"),
        Outline(name="rate_table", group="rate"),
        Outline(name="batch_crop", group="crop"),
        Outline(name="half_epoch_flip", group="flip"),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.germer.registry:make_registry",
)
