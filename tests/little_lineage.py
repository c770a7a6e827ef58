"""A lineage in an installed package: metadata, entry point and modules, as `pip install` leaves them."""

from pathlib import Path

NAMES = """
from ablate import Group, Ladder, Lineage, Outline, Rung

GROUPS = [Group(slug=slug, title=slug.title(), published_percent=None, source="here") for slug in ("views", "rest")]
LADDER = Ladder(
    slug="steps", title="Steps to 90 %", unit="epochs", target_percent=90.0, device="a bench", rungs=(
        Rung(title="plain", epochs=6.0, trials=20, source="there"),
        Rung(title="Mirrored", adds=("views",), epochs=5.0, source="there"),
        Rung(title="All of it", adds=("rest",), epochs=4.0, trials=30, source="there"),
    ),
)
LITTLE = Lineage(
    name="little",
    title="Little",
    summary="Three features over a network that never saw a mirror.",
    source="this file",
    epochs=4.0,
    groups=GROUPS,
    features=[
        Outline(name="mirrored", group="views"),
        Outline(name="soft", group="rest"),
        Outline(name="brisk", group="rest"),
        Outline(name="brisker", group="rest", alternative_to="brisk"),
    ],
    ladders=[LADDER],
    registry="little_registry:REGISTRY",
)
"""

REGISTRY = """
from dataclasses import replace

from ablate import Feature, Registry
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.parts import NoFlip, Silu
from little_names import GROUPS, LADDER

PATCHES = {
    "mirrored": {"flip": AIRBENCH94_MUON.flip},
    "soft": {"activation": Silu()},
    "brisk": {"filter_rate": 0.3},
    "brisker": {"filter_rate": 0.4},
}
FEATURES = [
    Feature(
        name=name,
        group="views" if name == "mirrored" else "rest",
        summary="Better.",
        patch=patch,
        source="here",
        alternative_to="brisk" if name == "brisker" else "",
    )
    for name, patch in PATCHES.items()
]
BASELINE = replace(AIRBENCH94_MUON, flip=NoFlip(), epochs=4.0)
REGISTRY = Registry(BASELINE, FEATURES, GROUPS, ladders=[LADDER], lineage="little")
"""


def install_little(folder: Path, *, names: str = NAMES, registry: str = REGISTRY, entry: str = "little") -> None:
    """Put the package into a folder, to be put on the path."""
    (folder / "little_names.py").write_text(names)
    (folder / "little_registry.py").write_text(registry)
    metadata = folder / "little-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: little\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[ablate.lineages]\n{entry} = little_names:LITTLE\n")
