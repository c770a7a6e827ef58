"""The lineage by name, and what was published about it. Free of torch."""

from ablate.lineages.lineage import Lineage, Outline
from ablate.study.groups import Group
from ablate.study.ladders import Ladder, Rung

_SCRIPT = "KellerJordan/cifar10-airbench, airbench96_faster.py"
_SLOWER = "KellerJordan/cifar10-airbench, legacy/airbench96.py"
_HISTORY = "KellerJordan/cifar10-airbench, git history"

GROUPS = tuple(
    Group(slug=slug, title=title, published_percent=None, source=_SCRIPT)
    for slug, title in (
        ("data_filtering", "Data Filtering"),
        ("across_epochs", "Batches across Epochs"),
        ("compile", "Compilation"),
        ("length", "45 Epochs"),
        ("unfrozen_bias", "Unfrozen Bias"),
    )
)
"""What no bar was published of: each change by itself."""

LADDERS = (
    Ladder(
        slug="record",
        title="airbench96, faster",
        unit="seconds",
        target_percent=96.0,
        device="A100 (another host than the first bar)",
        rungs=(
            Rung(title="airbench96", epochs=37.0, seconds=34.7, score_percent=96.03, trials=400, source=_SLOWER),
            Rung(
                title="all five changes",
                adds=(
                    "data_filtering",
                    "across_epochs",
                    "compile",
                    "longer_run",
                    "unfrozen_bias",
                ),
                epochs=45.0,
                seconds=27.3,
                score_percent=96.0,
                trials=200,
                source=_SCRIPT,
            ),
        ),
    ),
    Ladder(
        slug="history",
        title="airbench96_faster by version",
        unit="seconds",
        target_percent=96.0,
        device="A100",
        rungs=(
            Rung(title="airbench96", epochs=37.0, seconds=34.7, score_percent=96.03, trials=400, source=_SLOWER),
            Rung(
                title="proxy of 64, 64 and 64 channels", seconds=28.0, score_percent=96.03, trials=100, source=_HISTORY
            ),
            Rung(
                title="proxy of 32, 64 and 64 channels", seconds=27.3, score_percent=96.03, trials=100, source=_HISTORY
            ),
            Rung(title="measured again", seconds=27.3, score_percent=96.0, trials=200, source=_SCRIPT),
        ),
        drawn_only="each rung is another version of the whole recipe",
    ),
)

LINEAGE = Lineage(
    name="airbench96_faster",
    title="airbench96",
    summary="From airbench96 to its faster version: half of each batch, chosen by a small network: 96 % in 27.3 s.",
    source=_SCRIPT,
    epochs=37.0,
    groups=GROUPS,
    features=(
        Outline(name="data_filtering", group="data_filtering"),
        Outline(name="across_epochs", group="across_epochs"),
        Outline(name="compile", group="compile"),
        Outline(name="longer_run", group="length", epochs=45.0),
        Outline(name="unfrozen_bias", group="unfrozen_bias"),
    ),
    ladders=LADDERS,
    registry="ablate.lineages.airbench96_faster.registry:make_registry",
)
