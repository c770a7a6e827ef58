"""The lineage by name, and where what was published about it is. Free of torch."""

from ablate.lineages.airbench94.published import LADDERS
from ablate.lineages.airbench94.tables import TABLES
from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group

_SOURCE = "arXiv:2404.00498, section 3; KellerJordan/cifar10-zoo, airbench/ablations"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=_SOURCE)
    for slug, title in (
        ("whitening", "Frozen Patch Whitening"),
        ("dirac", "Identity Initialisation"),
        ("scalebias", "Scaled Bias Rate"),
        ("frozen_bias", "Frozen Whitening Bias"),
        ("lookahead", "Lookahead"),
        ("multicrop_tta", "Multi-Crop TTA"),
        ("alternating_flip", "Alternating Flip"),
        ("compile", "Compilation"),
        ("length", "9.9 Epochs"),
        ("order", "Order"),
        ("subset", "Data Selection"),
    )
)
"""The steps of the paper's ladder in its order; then what is traded, and what is optional."""

LINEAGE = Lineage(
    name="airbench94",
    title="plain network of airbench94",
    summary="The paper's eight steps from a plain network at 45 epochs to airbench94 at 9.9: 94 % in 3.29 s.",
    source=_SOURCE,
    epochs=45.0,
    groups=GROUPS,
    features=(
        Outline(name="whitening", group="whitening"),
        Outline(
            name="normed_first_layer",
            group="whitening",
            alternative_to="whitening",
            excludes=frozenset({"frozen_bias"}),
        ),
        Outline(name="dirac", group="dirac"),
        Outline(name="scalebias", group="scalebias"),
        Outline(name="frozen_bias", group="frozen_bias"),
        Outline(name="lookahead", group="lookahead"),
        Outline(name="multicrop_tta", group="multicrop_tta"),
        Outline(name="alternating_flip", group="alternating_flip"),
        Outline(name="compile", group="compile"),
        Outline(name="short_run", group="length", epochs=9.9),
        Outline(name="with_replacement", group="order", optional=True),
        Outline(
            name="random_60",
            group="subset",
            optional=True,
            excludes=frozenset({"least_confident_60", "most_confident_60"}),
        ),
        Outline(
            name="least_confident_60",
            group="subset",
            optional=True,
            excludes=frozenset({"most_confident_60", "random_60"}),
        ),
        Outline(
            name="most_confident_60",
            group="subset",
            optional=True,
            excludes=frozenset({"least_confident_60", "random_60"}),
        ),
    ),
    ladders=LADDERS,
    tables=TABLES,
    registry="ablate.lineages.airbench94.registry:make_registry",
)
