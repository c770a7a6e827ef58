"""One published script against our recipe of the same name: what is compared, and how large it is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from parity_harness.data_files import write_data_files

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
    enabled: Sequence[str] = ()
    """Features on top of those, with which ours is timed against a script that does not have them."""
    translation: Translation = as_drawn
    equal_size: Size
    """For equality: narrow and small."""
    timed_size: Size
    """For times: as wide as published, and few steps."""
    cause: Cause | None = None

    def recipe(self, size: Size) -> ImageRecipe:
        """Our recipe at a size."""
        return ours.recipe_of(self.lineage, self.features, size, self.enabled)

    def watched(
        self, folder: Path, data: Path, edits: Sequence[Edit] = (), dtype: torch.dtype = torch.float32
    ) -> Trained:
        """Train the script's way at the size for equality, and keep everything."""
        watch = Watch()
        with (
            self._ready(folder, data, self.equal_size, watch, edits, dtype) as train,
            watched_losses() as losses,
            recorded() as tape,
        ):
            train()
        assert watch.logits is not None
        return Trained(watch.starts, tape, watch.losses or losses, watch.weights, watch.logits)

    def ours_after(self, theirs: Trained, images: DeviceImages) -> Trained:
        """Train our way from the script's starting values and on its draws."""
        with (
            ours.starting_from(theirs.starts),
            replayed(self.translation(theirs.draws)),
            watched_losses() as losses,
        ):
            outcome, weights = ours.train(self.recipe(self.equal_size), images)
        return Trained([], [], losses, weights, outcome.tta_logits)

    def their_seconds(
        self, folder: Path, data: Path, seconds: Callable[[], float], edits: Sequence[Edit] = ()
    ) -> float:
        """How long the script trains at the size for times, on draws of its own."""
        watch = Watch(clock=seconds)
        with self._ready(folder, data, self.timed_size, watch, edits) as train:
            began = seconds()
            train()
            return seconds() - began - watch.paused_seconds

    def our_seconds(self, images: DeviceImages, seconds: Callable[[], float]) -> float:
        """How long ours trains, on draws of its own."""
        return ours.train(self.recipe(self.timed_size), images, seconds)[0].time_seconds

    @contextmanager
    def _ready(
        self,
        folder: Path,
        data: Path,
        size: Size,
        watch: Watch,
        edits: Sequence[Edit],
        dtype: torch.dtype = torch.float32,
    ) -> Iterator[Callable[[], None]]:
        torch.manual_seed(0)
        with on_cpu(data, dtype):
            yield SCRIPTS[self.script].ready(folder / f"{self.script}.py", size, watch, edits)


def make_images(size: Size, folder: Path, dtype: torch.dtype = torch.float32) -> DeviceImages:
    """Made images, in the files that the scripts read and as our loops get them."""
    dataset = synthetic.generate((size.train_images, size.test_images))
    write_data_files(dataset, folder)
    return DeviceImages.of(dataset, 1.0, ours.CPU, dtype)
