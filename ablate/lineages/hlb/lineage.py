"""The lineage by name, and where what was published about it is. Free of torch."""

from ablate.lineages.hlb.published import LADDERS, RELEASE, TABLES
from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=RELEASE)
    for slug, title in (
        ("initial", "Dirac Initialisation"),
        ("whitening", "Negated Whitening"),
        ("ema", "Written-Back Average"),
        ("cutmix", "Cutmix"),
        ("biases", "Scaled Biases"),
        ("norms", "Fast Norms"),
        ("tta", "Mirror TTA"),
        ("precision", "Half-Precision Norms"),
        ("length", "Fractional Length"),
        ("compilation", "Compilation"),
    )
)
"""What no bar was published of: each change by itself."""

LINEAGE = Lineage(
    name="hlb",
    title="hlb-CIFAR10 v0.7.0, plain",
    summary="hlb-CIFAR10 v0.7.0: 94 % in 6.3 s.",
    source=RELEASE,
    epochs=12.0,
    groups=GROUPS,
    features=(
        Outline(name="dirac", group="initial"),
        Outline(name="negated_whitening", group="whitening"),
        Outline(name="ema", group="ema"),
        Outline(name="cutmix", group="cutmix"),
        Outline(name="scaled_biases", group="biases"),
        Outline(name="fast_norms", group="norms"),
        Outline(name="flip_tta", group="tta"),
        Outline(name="half_precision_norms", group="precision"),
        Outline(name="fractional_length", group="length", epochs=12.1),
        Outline(name="compile", group="compilation", optional=True),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.hlb.registry:make_registry",
)
