"""The lineage by name, and where what was published about it is. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.lineages.page.published import LADDERS, NOTEBOOK, TABLES
from ablate.study.groups import Group

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=NOTEBOOK)
    for slug, title in (
        ("pool", "Pool before Norm"),
        ("smoothing", "Label Smoothing"),
        ("celu", "CELU"),
        ("ghost", "Ghost Norm"),
        ("rate", "Higher Rates"),
        ("scales", "Frozen Scales"),
        ("whitening", "Patch Whitening"),
        ("ema", "Weight Average"),
        ("tta", "Mirror TTA"),
        ("cutout", "No Cutout"),
        ("length", "10 Epochs"),
    )
)
"""The steps of the notebook in its order, both rates together; then what they are traded for."""

LINEAGE = Lineage(
    name="page",
    title="ResNet-9 of DAWNBench 2018",
    summary="The bag of tricks from 24 epochs in 70 s to 10 epochs in 26 s on a V100: 94.1 %.",
    source=NOTEBOOK,
    epochs=24.0,
    groups=GROUPS,
    features=(
        Outline(name="pool_before_norm", group="pool"),
        Outline(name="label_smoothing", group="smoothing"),
        Outline(name="celu", group="celu"),
        Outline(name="ghost_norm", group="ghost"),
        Outline(name="half_more_rate", group="rate"),
        Outline(name="frozen_scales", group="scales"),
        Outline(name="whitening", group="whitening"),
        Outline(name="higher_rate", group="rate"),
        Outline(name="ema", group="ema"),
        Outline(name="flip_tta", group="tta"),
        Outline(name="no_cutout", group="cutout"),
        Outline(name="short_run", group="length", epochs=10.0),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.page.registry:make_registry",
)
