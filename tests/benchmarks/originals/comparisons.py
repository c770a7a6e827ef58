"""The eleven published scripts that the package's lineages re-make."""

from dataclasses import replace

from originals.comparison import Cause, Comparison
from originals.draws import counted_from_one, fused, mirrored_twice, reordered, shifts_of_batches
from originals.hlb import HLB_CAUSES, order_first
from originals.resnet9 import DAWN_CAUSES, SIMPLE_CAUSES
from originals.size import Size

SMALL = Size(train_images=408, test_images=100, batch_size=24, epochs=2.9, widths=(32, 48, 48))
"""50 steps of three epochs, the last of them cut short."""

FEW = Size(train_images=128, test_images=32, batch_size=64, epochs=2.0)
"""Four steps of two epochs."""

SPLIT = Size(train_images=552, test_images=32, batch_size=32, epochs=3.0, widths=(16, 32, 48))
"""51 steps of three epochs, their batches split into 16 ghost batches; as many test images as the scripts predict at once."""

FEWER = replace(FEW, train_images=64, test_images=16, batch_size=32)
"""As many steps, for larger networks."""

ALL_BUT_COMPILE_94 = (
    "whitening",
    "dirac",
    "scalebias",
    "frozen_bias",
    "lookahead",
    "multicrop_tta",
    "alternating_flip",
    "short_run",
)
HIVE_MAGNITUDE = Cause(
    words="the script scales its updates to a magnitude that falls over the run before it normalises them, whose rounding and guard stay",
    edits=((r"\n    X = X \* scale_factor\n", "\n"),),
)

OUR_CONSTANTS = (
    "the script normalises bytes by means and deviations that are rounded otherwise, and adds label smoothing to the loss itself instead "
    "of leaving it to PyTorch"
)

COMPARISONS = (
    Comparison(
        script="airbench94",
        lineage="airbench94",
        features=ALL_BUT_COMPILE_94,
        equal_size=SMALL,
        timed_size=FEW,
    ),
    Comparison(script="airbench94_compiled", lineage="airbench94", equal_size=SMALL, timed_size=FEW),
    Comparison(script="airbench95", lineage="airbench95", equal_size=SMALL, timed_size=FEWER),
    Comparison(
        script="airbench96",
        lineage="airbench96",
        equal_size=replace(SMALL, widths=(32, 48, 64)),
        timed_size=FEWER,
    ),
    Comparison(
        script="airbench96_faster",
        lineage="airbench96_faster",
        translation=counted_from_one,
        equal_size=replace(SMALL, widths=(32, 48, 64), proxy_widths=(16, 24, 24)),
        timed_size=FEWER,
    ),
    Comparison(
        script="base_resnet18",
        lineage="resnet18",
        translation=mirrored_twice,
        equal_size=replace(SMALL, train_images=2176, batch_size=128, epochs=3.0, widths=(8, 16, 16, 32)),
        timed_size=FEWER,
    ),
    Comparison(script="airbench94_muon", lineage="airbench94_muon", features=(), equal_size=SMALL, timed_size=FEW),
    Comparison(
        script="cifar10_speedrun",
        lineage="airbench94_muon",
        translation=fused,
        equal_size=SMALL,
        timed_size=FEW,
        cause=HIVE_MAGNITUDE,
    ),
    Comparison(
        script="new_dawn",
        lineage="page",
        translation=reordered,
        equal_size=SPLIT,
        timed_size=replace(FEWER, widths=None),
        cause=Cause(words=OUR_CONSTANTS, edits=DAWN_CAUSES),
    ),
    Comparison(
        script="train",
        lineage="germer",
        translation=shifts_of_batches,
        equal_size=SPLIT,
        timed_size=replace(FEWER, widths=None),
        cause=Cause(
            words=f"{OUR_CONSTANTS}, and takes eigenvectors from the lower triangle, some of which have another sign",
            edits=SIMPLE_CAUSES,
        ),
    ),
    Comparison(
        script="main",
        lineage="hlb",
        translation=order_first,
        # Of a fraction of an epoch the script rounds the steps, ours go up: here, as published, to the same number.
        equal_size=replace(SMALL, epochs=2.94),
        timed_size=replace(FEW, train_images=320, epochs=2.18),
        cause=Cause(
            words="the script puts the images into a random order before it whitens them in chunks, and rounds them to half precision only "
            "when they are normalised",
            edits=HLB_CAUSES,
        ),
    ),
)
