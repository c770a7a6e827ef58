"""One published script against our recipe of the same name: what is compared, and how large it is."""

import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from ablate.datasets import synthetic
from ablate.recipes.images import ImageRecipe
from ablate.training.session import DeviceImages
from originals import ours
from originals.draws import Translation, as_drawn
from originals.on_cpu import Edit, on_cpu
from originals.scripts import SCRIPTS
from originals.size import Size
from originals.tape import recorded, replayed
from originals.watch import Trained, Watch, watched_losses
from parity_harness.data_files import write_data_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a script's numbers are not ours to the last bit, and the edits of the script that take it out."""

    words: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A script by its file's name without the ending, and the recipe that is to be the same training."""

    script: str
    lineage: str
    features: Sequence[str] | None = None
    """None for all of the lineage."""
    translation: Translation = as_drawn
    equal_size: Size
    """For equality: narrow and small."""
    timed_size: Size
    """For times: as wide as published, and few steps."""
    cause: Cause | None = None

    def recipe(self, size: Size) -> ImageRecipe:
        """Our recipe at a size."""
        return ours.recipe_of(self.lineage, self.features, size)

    def theirs(self, folder: Path, data: Path, size: Size, *, watched: bool, edits: Sequence[Edit] = ()) -> Trained:
        """Train the script's way; `watched` keeps draws and losses too, which takes time."""
        watch, path = Watch(), folder / f"{self.script}.py"
        torch.manual_seed(0)
        with on_cpu(data):
            train = SCRIPTS[self.script].train(path, size, watch, list(edits))
            with watched_losses(wanted=watched) as losses, recorded() if watched else nullcontext([]) as tape:
                began = time.perf_counter()
                train()
                seconds = time.perf_counter() - began - watch.paused_seconds
        assert watch.logits is not None
        return Trained(watch.starts, tape, losses, watch.weights, watch.logits, seconds)

    def ours_after(self, theirs: Trained, images: DeviceImages, size: Size) -> Trained:
        """Train our way from the script's starting values and on its draws."""
        with (
            ours.starting_from(theirs.starts),
            replayed(self.translation(theirs.draws)),
            watched_losses(wanted=True) as losses,
        ):
            outcome, weights = ours.train(self.recipe(size), images)
        return Trained([], [], losses, weights, outcome.tta_logits, outcome.time_seconds)

    def ours(self, images: DeviceImages, size: Size) -> float:
        """Train our way from values and on draws of our own; the seconds."""
        return ours.train(self.recipe(size), images)[0].time_seconds


def make_images(size: Size, folder: Path) -> DeviceImages:
    """Made images, in the files that the scripts read and as our loops get them."""
    dataset = synthetic.generate((size.train_images, size.test_images))
    write_data_files(dataset, folder)
    return DeviceImages.of(dataset, 1.0, ours.CPU, torch.float32)
