"""The lineage by name, and what was published about it. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, Rung

_README = "mklblm/fastcifar10, README.md"
_LOGS = "99991/cifar10-fast-simple, logs/A100.txt"

GROUPS = (Group(slug="optimiser", title="PyTorch's SGD", published_percent=None, source=_README),)

LADDERS = (
    Ladder(
        slug="stock_parts",
        title="Stock parts of PyTorch",
        unit="seconds",
        target_percent=94.0,
        device="A100 (other hosts and versions of torch)",
        rungs=(
            Rung(
                title="cifar10-fast-simple", epochs=10.0, seconds=14.3, score_percent=94.0995, trials=100, source=_LOGS
            ),
            Rung(
                title="fastcifar10",
                adds=("torch_sgd",),
                epochs=10.0,
                seconds=14.79,
                score_percent=93.44,
                trials=100,
                source=_README,
            ),
        ),
    ),
)
"""The seconds of the second are of a single run that was picked; the score is of all."""

LINEAGE = Lineage(
    name="fastcifar10",
    title="cifar10-fast-simple",
    summary="PyTorch's SGD in the place of one written by hand: 94.10 or 93.44 %?",
    source=_README,
    epochs=10.0,
    groups=GROUPS,
    features=(Outline(name="torch_sgd", group="optimiser"),),
    ladders=LADDERS,
    registry="ablate.lineages.fastcifar10.registry:make_registry",
)
