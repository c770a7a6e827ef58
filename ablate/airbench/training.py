"""A training with airbench's numbers on a loader's images, by the package's own loop."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from ablate.airbench import table
from ablate.airbench.feeding import LoaderWhitening, batches_of
from ablate.airbench.inference import evaluate, level_part
from ablate.airbench.loader import CifarLoader
from ablate.airbench.networks import MakeNet, published_recipe
from ablate.airbench.own_network import as_trained, network_to_train, num_classes
from ablate.airbench.randomness import streams_of
from ablate.airbench.source import SIDE
from ablate.errors import UsageError
from ablate.parts import Compiler, FrozenBias, Initial, TestTimeAugmentation, Triangle
from ablate.parts.convnet import TrainedNetwork
from ablate.parts.evaluate import Predictor
from ablate.parts.loss import cross_entropies
from ablate.parts.network import NUM_CLASSES
from ablate.recipes.sgd import SgdRecipe
from ablate.training import sgd_loop
from ablate.training.outcome import accuracy
from ablate.training.session import Clock, DeviceImages, Mark, open_device

WARM_UP = -1
"""The `run` that is one step and no more."""

PUBLISHED_BATCH = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What a caller may set of a training, by airbench's names."""

    epochs: float
    label_smoothing: float
    learning_rate: float
    bias_scaler: float
    momentum: float
    weight_decay: float
    whiten_bias_epochs: float
    lr_peak: float = 0.23
    lr_end: float = 0.07

    def __post_init__(self) -> None:
        wanted: dict[str, tuple[str, Callable[[float], bool]]] = {
            **dict.fromkeys(("epochs", "learning_rate", "bias_scaler"), ("a number above 0", lambda value: value > 0)),
            **dict.fromkeys(("weight_decay", "whiten_bias_epochs", "lr_end"), ("0 or more", lambda value: value >= 0)),
            "label_smoothing": ("a share from 0 to 1", lambda value: 0 <= value <= 1),
            "momentum": ("a share above 0 and below 1", lambda value: 0 < value < 1),
            "lr_peak": ("a share of the steps, from 0 to below 1", lambda value: 0 <= value < 1),
        }
        for name, (kind, fits) in wanted.items():
            value = getattr(self, name)
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
            if not is_number or not fits(value):
                raise UsageError(f"{name} is {value!r}; write {kind}.")

    def recipe(self, lineage: str, loader: CifarLoader) -> SgdRecipe:
        """The lineage's published recipe with these numbers, and with the loader's settings; it predicts nothing."""
        augmentation = loader.augmentation()
        return replace(
            published_recipe(lineage),
            epochs=float(self.epochs),
            batch_size=loader.batch_size,
            crop=augmentation.crop,
            flip=augmentation.flip,
            cutout=augmentation.cutout,
            order=loader.order(),
            label_smoothing=float(self.label_smoothing),
            rate=float(self.learning_rate),
            bias_scale=float(self.bias_scaler),
            momentum=float(self.momentum),
            decay=float(self.weight_decay),
            # An epoch that has begun with a trained bias ends with one.
            first_bias=FrozenBias(epochs=float(math.ceil(self.whiten_bias_epochs))),
            schedule=Triangle(peak=float(self.lr_peak), end=float(self.lr_end)),
            first_layer=LoaderWhitening(normalise=loader.normalize),
            tta=_NoPredictions(),
        )


def train(
    lineage: str,
    numbers: Numbers,
    *,
    train_loader: CifarLoader | None,
    aug: dict[str, bool | int],
    tta_level: int,
    make_net: MakeNet,
    run: int | str,
    verbose: bool,
    device: str,
    seed: int | None,
) -> nn.Module | None:
    """Train a network of `make_net` and give it, in evaluation mode; a warm-up gives nothing.

    Raises:
        UsageError: a wrong number, loader, network or device.
        DataError: the images, or the test images that belong to them, are not there or damaged.
    """
    # Refused before the training, not after it.
    level_part(tta_level)
    loader = train_loader
    if loader is None:
        loader = CifarLoader("cifar10", batch_size=PUBLISHED_BATCH, aug=aug, altflip=True, device=device)
    _check_loader(loader, device)
    is_warm_up = run in (WARM_UP, "warmup")
    is_table = verbose and not is_warm_up

    recipe = numbers.recipe(lineage, loader)
    # Its length tells the steps of an epoch, a last batch that is not full among them.
    plan = recipe.plan(len(loader) * loader.batch_size)
    if is_warm_up:
        plan = replace(plan, num_steps=1, steps_per_epoch=1)
    streams = streams_of(seed, loader.device)
    test = loader.of_test_images() if is_table else None
    network = network_to_train(make_net, streams)
    trained = as_trained(network)
    _check_labels(loader, num_classes(network, loader.normalize(loader.images[:2])))
    torch.backends.cudnn.benchmark = True
    # What it had prepared for its next iteration takes as much memory again.
    loader.epoch, loader.proc_images = 0, {}
    clock = Clock(loader.device)
    report = _Report(network, trained, test, clock, run)
    if verbose and run == 0:
        print(table.head())
    outcome = sgd_loop.train(
        recipe,
        plan,
        report.compiled(),
        _images(loader),
        streams,
        clock,
        report.after_epoch,
        batches_of(loader, trained),
    )
    if is_warm_up:
        loader.epoch, loader.proc_images = 0, {}
        if verbose:
            print(table.RULE)
            print(table.row({"run": "warmup", "total_time_seconds": outcome.time_seconds}))
        return None
    report.last_row(tta_level, outcome.time_seconds)
    return network


def _check_loader(loader: CifarLoader, device: str) -> None:
    if not isinstance(loader, CifarLoader):
        raise UsageError(f"train_loader is a {type(loader).__name__}; give a CifarLoader, or none for CIFAR-10's.")
    loader.check()
    if device != "auto" and torch.empty(0, device=open_device(device)).device != loader.device:
        raise UsageError(
            f"device is '{device}' and the loader's images are on {loader.device}. Make the loader with device='{device}'."
        )
    if loader.images.shape[2:] != (SIDE, SIDE):
        height, width = loader.images.shape[2:]
        raise UsageError(f"loader.images are of {height}×{width} pixels; the networks take {SIDE}×{SIDE}.")


def _check_labels(loader: CifarLoader, classes: int) -> None:
    low, high = int(loader.labels.min()), int(loader.labels.max())
    if low < 0 or high >= classes:
        raise UsageError(
            f"loader.labels go from {low} to {high}; the network tells {classes} classes apart, from 0 to {classes - 1}."
        )


def _images(loader: CifarLoader) -> DeviceImages:
    """The loader's images; they are validated elsewhere, as `infer` does it."""
    return DeviceImages(
        train_images=loader.images,
        train_labels=loader.labels,
        test_images=loader.images[:0],
        test_labels=loader.labels[:0],
    )


class _NoPredictions(TestTimeAugmentation):
    """Of a training that nobody evaluates."""

    def logits(self, predict: Predictor, images_NCHW: Tensor, compiler: Compiler) -> Tensor:
        """None, (0, 10)."""
        return images_NCHW.new_empty((0, NUM_CLASSES))


@dataclass(slots=True)
class _Report:
    """What a training's table is made of: each epoch's last batch, the validation and the time so far."""

    network: nn.Module
    trained: TrainedNetwork
    """The same, as the loop takes it."""
    test: CifarLoader | None
    """Nobody reads the table of a training without one."""
    clock: Clock
    run: int | str
    start: Mark | None = None
    paused_seconds: float = 0.0
    last_batch: tuple[Tensor, Tensor, Tensor] | None = None
    """Logits, labels and losses."""
    epochs: int = 0
    """How many have ended."""
    cells: dict[str, table.Cell] = field(default_factory=dict)

    def compiled(self) -> sgd_loop.CompiledConvNet:
        """The network as it is, with a step that remembers its batch."""
        return sgd_loop.CompiledConvNet(self.trained, self._step, {}, self._restart)

    def _restart(self, network: TrainedNetwork, initial: Initial, generator: torch.Generator) -> None:
        """A network comes with the values that `make_net` gave it."""
        self.start = self.clock.mark()

    def _step(self, images: Tensor, labels: Tensor, train_first_bias: bool, label_smoothing: float) -> Tensor:
        logits = self.trained(images, train_first_bias)
        losses = cross_entropies(logits, labels, label_smoothing)
        self.last_batch = logits.detach(), labels, losses.detach()
        return losses

    def after_epoch(self, network: TrainedNetwork) -> float:
        """Validate and print a row, where anybody reads it; the seconds it took."""
        if self.test is None:
            return 0.0
        assert self.start is not None
        assert self.last_batch is not None
        began = self.clock.mark(settled=True)
        logits, labels, losses = self.last_batch
        self.cells = {
            "epoch": self.epochs,
            "train_loss": losses.float().mean().item(),
            "train_acc": accuracy(logits, labels),
            "val_acc": evaluate(self.network, self.test),
            "total_time_seconds": self.clock.seconds(self.start, began) - self.paused_seconds,
        }
        # Only the first row of a run names it.
        named: dict[str, table.Cell] = {"run": self.run} if self.epochs == 0 else {}
        print(table.row({**named, **self.cells}))
        self.epochs += 1
        seconds = self.clock.seconds(began, self.clock.mark(settled=True))
        self.paused_seconds += seconds
        return seconds

    def last_row(self, tta_level: int, seconds: float) -> None:
        """Print what the trained network predicts with test-time augmentation, which the time includes."""
        if self.test is None:
            return
        began = self.clock.mark(settled=True)
        tta_accuracy = evaluate(self.network, self.test, tta_level)
        seconds += self.clock.seconds(began, self.clock.mark(settled=True))
        last = {**self.cells, "epoch": "eval", "tta_val_acc": tta_accuracy, "total_time_seconds": seconds}
        print(table.row(last))
        print(table.RULE)
