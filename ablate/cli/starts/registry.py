"""A registry of one's own: a baseline, the features that may be put on it, and the groups that a figure shows as one bar each."""

from dataclasses import replace

import ablate
from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.parts import GatheredCrop, NoFlip, Silu

# What every feature is compared with. `ablate features --slots` lists its fields; here two of airbench94_muon's are replaced.
BASELINE = replace(AIRBENCH94_MUON, flip=NoFlip(), label_smoothing=0.1)

# In the order of a waterfall's steps.
GROUPS = [
    ablate.Group(
        slug="views",
        title="Views of an image",
        # What a publication says the whole group saves, in percent of the baseline's time; None where it says nothing.
        published_percent=None,
        source="this file",
    ),
    ablate.Group(slug="network", title="Network", published_percent=None, source="this file"),
]

# A feature sets fields to values: numbers, the package's parts, or parts of your own (`ablate init feature FILE` writes one).
# Two features that set one field cannot be on together; studies keep the first of them in "all" and say so.
FEATURES = [
    ablate.Feature(
        name="alternating_flip",
        group="views",
        summary="Every image mirrored in every second epoch.",
        patch={"flip": AIRBENCH94_MUON.flip},
        source="arXiv:2404.00498",
    ),
    ablate.Feature(
        name="gathered_crop",
        group="views",
        summary="All crops by one gather instead of a loop over the 25 shifts.",
        patch={"crop": GatheredCrop()},
        source="hiverge/cifar10-speedrun, cifar10_speedrun.py (2025-09-30)",
    ),
    ablate.Feature(
        name="silu",
        group="network",
        summary="SiLU instead of GELU.",
        patch={"activation": Silu()},
        source="arXiv:1702.03118",
    ),
]

REGISTRY = ablate.Registry(BASELINE, FEATURES, GROUPS)
