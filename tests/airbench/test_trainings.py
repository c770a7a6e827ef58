import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.airbench import (
    CifarLoader,
    evaluate,
    make_net93,
    make_net94,
    make_net95,
    make_net96,
    train93,
    train94,
    train95,
    train96,
    training,
    warmup93,
    warmup94,
    warmup95,
    warmup96,
)
from ablate.airbench.augmentation import InStorageOrder
from ablate.datasets import Dataset, home
from ablate.errors import DataError, UsageError
from ablate.lineages.loading import load_registry
from ablate.parts import NoCompile, Triangle, WhitenedConv
from ablate.parts.convnet import ConvNet
from ablate.recipes.sgd import SgdRecipe
from ablate.training import sgd_loop
from ablate.training.session import Clock, DeviceImages, Streams, compute_dtype_of
from tests.airbench.little_sets import NARROW, narrow

CPU = torch.device("cpu")
WIDTHS = tuple(NARROW.values())
TRAININGS = {"airbench94": train94, "airbench95": train95, "airbench96": train96}
NETS: dict[str, Callable[..., ConvNet]] = {"airbench94": make_net94, "airbench95": make_net95, "airbench96": make_net96}
AUGS = {
    "airbench94": {"flip": True, "translate": 2},
    "airbench95": {"flip": True, "translate": 2},
    "airbench96": {"flip": True, "translate": 4, "cutout": 12},
}


def lineage_recipe(lineage: str) -> SgdRecipe:
    registry = load_registry(recipe=lineage)
    recipe = registry.compose(registry.names)
    assert isinstance(recipe, SgdRecipe)
    return replace(recipe, compiler=NoCompile())


def loader(folder: Path, **settings: Any) -> CifarLoader:
    given = {"batch_size": 32, "aug": AUGS["airbench94"], "altflip": True, "device": "cpu", **settings}
    return CifarLoader(folder, **given)


def weights(network: ConvNet) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize("lineage", TRAININGS)
def test_it_trains_bit_for_bit_what_the_lineages_own_loop_does(
    lineage: str, verbose: bool, folder: Path, little: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    published = lineage_recipe(lineage)
    schedule = Triangle(peak=0.23, end=0.07)
    recipe = replace(published, widths=WIDTHS, batch_size=32, epochs=2.5, schedule=schedule)
    compiled = sgd_loop.build_network(recipe, compute_dtype_of(CPU), CPU)
    images = DeviceImages.of(little, 1.0, CPU, compute_dtype_of(CPU))
    outcome = sgd_loop.train(
        recipe,
        recipe.plan(len(images.train_images)),
        compiled,
        images,
        Streams(11, CPU),
        Clock(CPU),
        lambda network: 0.0,
    )

    network = TRAININGS[lineage](
        loader(folder, aug=AUGS[lineage]),
        epochs=2.5,
        make_net=lambda: NETS[lineage](widths=NARROW),
        verbose=verbose,
        seed=11,
    )
    assert same(weights(network), weights(compiled.network))
    if verbose:
        accuracy = (outcome.tta_logits.argmax(1) == images.test_labels).float().mean().item()
        assert rows(capsys.readouterr().out)[-1]["tta_val_acc"] == f"{accuracy:.4f}"


class Caught(Exception):
    """The training that would have begun."""

    def __init__(self, recipe: SgdRecipe, compiled: sgd_loop.CompiledConvNet, images: DeviceImages) -> None:
        super().__init__()
        self.recipe, self.network, self.images = recipe, compiled.network, images


@pytest.fixture
def caught(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Caught]:
    """Calls a training and gives what it asks of the loop, which is left out."""

    def stop(recipe: SgdRecipe, plan: Any, compiled: Any, images: DeviceImages, *_: Any) -> None:
        raise Caught(recipe, compiled, images)

    monkeypatch.setattr(training.sgd_loop, "train", stop)

    def call(train: Callable[..., Any], *args: Any, **kwargs: Any) -> Caught:
        with pytest.raises(Caught) as raised:
            train(*args, **kwargs)
        return raised.value

    return call


@pytest.fixture
def cifar10(no_data_home: Path) -> Dataset:
    """Grey images under CIFAR-10's name in the data home: one published batch of them."""
    grey = torch.full((1, 32, 32, 3), 127, dtype=torch.uint8).expand(1100, -1, -1, -1).numpy()
    labels = (torch.arange(1100) % 10).numpy()
    dataset = Dataset.of("cifar10", tuple("abcdefghij"), (grey, labels), (grey[:30], labels[:30]))
    home.write(no_data_home, dataset, "made up", replace=False)
    return dataset


def predicting(published: SgdRecipe, asked: SgdRecipe) -> SgdRecipe:
    """What a training asked for, but for the parts that only carry its loader: seen to say the same, and replaced."""
    assert isinstance(asked.first_layer, WhitenedConv)
    assert isinstance(published.first_layer, WhitenedConv)
    assert (asked.first_layer.images, asked.first_layer.eps) == (5000, published.first_layer.eps)
    return replace(asked, first_layer=published.first_layer, tta=published.tta)


@pytest.mark.parametrize("lineage", TRAININGS)
def test_without_arguments_it_is_the_published_recipe_on_cifar10(
    lineage: str, caught: Callable[..., Caught], cifar10: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = caught(TRAININGS[lineage], device="cpu")
    published = lineage_recipe(lineage)
    # The airbench package trains airbench96 with the others' schedule.
    assert predicting(published, asked.recipe) == replace(published, schedule=Triangle(peak=0.23, end=0.07))
    assert len(asked.images.train_images) == 1100
    assert "total_time_seconds" in capsys.readouterr().out
    if lineage == "airbench96":
        asked = caught(train96, lr_peak=0.1, lr_end=0, device="cpu")
        assert predicting(published, asked.recipe) == published


def test_airbench93_is_airbench94_with_a_narrower_network_for_longer(
    caught: Callable[..., Caught], cifar10: Dataset
) -> None:
    asked = caught(train93, device="cpu")
    assert asked.recipe == replace(caught(train94, device="cpu").recipe, epochs=11.0)
    norms = [module.num_features for module in asked.network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert norms == [64, 64, 128, 128, 128, 128]


def test_the_arguments_are_airbenchs_in_its_order() -> None:
    shared = [
        "train_loader",
        "epochs",
        "label_smoothing",
        "learning_rate",
        "bias_scaler",
        "momentum",
        "weight_decay",
        "whiten_bias_epochs",
        "tta_level",
        "make_net",
        "run",
        "verbose",
    ]
    for train in (train93, *TRAININGS.values()):
        parameters = inspect.signature(train).parameters.values()
        named = [each.name for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
        assert named == [*shared, *(["lr_peak", "lr_end"] if train is train96 else [])]
    assert list(inspect.signature(CifarLoader).parameters)[:7] == (
        ["path", "train", "batch_size", "aug", "drop_last", "shuffle", "altflip"]
    )


def test_every_number_and_the_loaders_settings_reach_the_recipe(caught: Callable[..., Caught], folder: Path) -> None:
    own = loader(folder, batch_size=24, aug={"translate": 1, "cutout": 3}, altflip=False, shuffle=False)
    asked = caught(
        train94,
        own,
        epochs=3,
        label_smoothing=0,
        learning_rate=7,
        bias_scaler=2,
        momentum=0.5,
        weight_decay=0.5,
        whiten_bias_epochs=1.5,
        tta_level=1,
        make_net=narrow,
    ).recipe
    expected = {
        "epochs": 3.0,
        "label_smoothing": 0.0,
        "rate": 7.0,
        "bias_scale": 2.0,
        "momentum": 0.5,
        "decay": 0.5,
        "batch_size": 24,
    }
    assert {name: getattr(asked, name) for name in expected} == expected
    assert str(asked.first_bias) == "FrozenBias(epochs=2.0)"
    assert (str(asked.crop), str(asked.flip), str(asked.cutout)) == (
        "LoopedCrop(reach=1)",
        "NoFlip()",
        "SquareCutout(size=3)",
    )
    assert asked.order == InStorageOrder()


def test_a_users_images_are_trained_on_and_the_loader_is_reset(folder: Path) -> None:
    own = loader(folder, batch_size=20)
    mask = own.labels < 5
    own.images, own.labels = own.images[mask], own.labels[mask]
    next(iter(own))
    network = train94(own, epochs=2, make_net=narrow, verbose=False, seed=1)
    assert own.epoch == 2
    with pytest.raises(UsageError, match="epoch 2"):
        own.images = own.images
    fresh = loader(folder, batch_size=20)
    fresh.images, fresh.labels = fresh.images[mask], fresh.labels[mask]
    assert same(weights(network), weights(train94(fresh, epochs=2, make_net=narrow, verbose=False, seed=1)))
    assert len(next(iter(own))[1]) == 20
    assert own.epoch == 3


def test_a_seed_repeats_a_training_and_none_does_not(folder: Path) -> None:
    def trained(**more: Any) -> dict[str, Tensor]:
        return weights(train94(loader(folder), epochs=1, make_net=narrow, verbose=False, **more))

    assert same(trained(seed=1), trained(seed=1))
    assert not same(trained(seed=1), trained(seed=2))
    assert not same(trained(), trained())
    torch.manual_seed(3)
    first = trained()
    torch.manual_seed(3)
    assert same(first, trained())


def test_it_trains_from_the_values_that_a_network_comes_with(folder: Path) -> None:
    made: list[ConvNet] = []

    def zero() -> ConvNet:
        network = narrow()
        with torch.no_grad():
            for value in network.parameters():
                value.zero_()
        made.append(network)
        return network

    # Zero filters stay zero: no gradient passes them.
    network = train94(loader(folder), epochs=1, make_net=zero, verbose=False)
    assert network is made[0]
    assert all(not value.any() for name, value in network.stages.named_parameters() if "conv" in name)


@pytest.mark.parametrize(
    ("make_net", "channels", "num_parameters"),
    [
        (make_net93, [64, 128, 128], 569_656),
        (make_net94, [64, 256, 256], 1_972_792),
        (make_net95, [128, 384, 384], 4_606_520),
        (make_net96, [128, 384, 512], 9_918_776),
    ],
)
def test_networks_are_the_published_ones(
    make_net: Callable[..., ConvNet], channels: list[int], num_parameters: int
) -> None:
    network = make_net(device="cpu")
    dtype = compute_dtype_of(CPU)
    convs = [value for name, value in network.named_parameters() if value.dim() == 4]
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert [each.num_features for each in norms[:: len(norms) // 3]] == channels
    assert {value.dtype for value in convs} == {dtype}
    assert {norm.bias.dtype for norm in norms} == {torch.float32}
    assert {norm.momentum for norm in norms} == {0.1 if make_net is make_net96 else 0.4}
    assert network(torch.zeros(2, 3, 32, 32, dtype=dtype)).shape == (2, 10)
    assert sum(value.numel() for value in network.parameters()) == num_parameters


def test_widths_are_taken_as_told() -> None:
    network = make_net94(widths=(12, 20, 9), batchnorm_momentum=0.75, device="cpu")
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    assert [norm.num_features for norm in norms] == [12, 12, 20, 20, 9, 9]
    assert {norm.momentum for norm in norms} == {0.25}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"widths": {"block1": 64, "block2": 256}}, "widths are told for block1, block2; tell block1, block2, block3."),
        ({"widths": (64, 256)}, "widths are (64, 256); write three numbers of channels"),
        ({"widths": (64, 256, 0)}, "widths are (64, 256, 0);"),
        ({"batchnorm_momentum": 1.0}, "batchnorm_momentum is 1.0; write the share to keep, from 0 to below 1."),
        ({"device": "gpu"}, "Unknown device 'gpu'. Did you mean 'cuda'?"),
    ],
)
def test_networks_that_cannot_be_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_net94(**{"device": "cpu", **settings})
    assert words in str(caught.value)


def rows(printed: str) -> list[dict[str, str]]:
    """The rows below a table's head, cells by column."""
    lines = [line for line in printed.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    columns = ["run", "epoch", "train_loss", "train_acc", "val_acc", "tta_val_acc", "total_time_seconds"]
    return [dict(zip(columns, row, strict=True)) for row in cells if row != columns]


def test_the_table_has_airbenchs_columns_and_rows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = train94(loader(folder), epochs=1.5, make_net=narrow, seed=4)
    lines = capsys.readouterr().out.splitlines()
    assert re.split(r" *\|  ", lines[1].rstrip("| "))[1:] == [
        "run",
        "epoch",
        "train_loss",
        "train_acc",
        "val_acc",
        "tta_val_acc",
        "total_time_seconds",
    ]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert [number for number, line in enumerate(lines) if set(line) == {"-"}] == [0, 2, 6]
    first, second, last = rows("\n".join(lines))
    assert [row["run"] for row in (first, second, last)] == ["0", "", ""]
    assert [row["epoch"] for row in (first, second, last)] == ["0", "1", "eval"]
    assert first["tta_val_acc"] == second["tta_val_acc"] == ""
    assert last["val_acc"] == second["val_acc"] == f"{evaluate(network, loader(folder, train=False)):.4f}"
    assert last["tta_val_acc"] == f"{evaluate(network, loader(folder, train=False), 2):.4f}"
    assert 1 < float(first["train_loss"]) < 4
    assert float(first["train_acc"]) * 32 == pytest.approx(round(float(first["train_acc"]) * 32), abs=0.01)
    times = [float(row["total_time_seconds"]) for row in (first, second, last)]
    assert times == sorted(times)
    assert times[0] > 0


@pytest.mark.parametrize("batch_size", [32, 36])
def test_the_tables_loss_and_accuracy_are_the_last_batchs(
    batch_size: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, seen = loader(folder, batch_size=batch_size, drop_last=False), list[tuple[float, float]]()
    original = training.cross_entropies

    def watched(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
        losses = original(logits, labels, label_smoothing)
        seen.append((losses.float().mean().item(), (logits.argmax(1) == labels).float().mean().item()))
        return losses

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "cross_entropies", watched)
        train94(own, epochs=2, make_net=narrow, seed=4)
    assert len(seen) == 6
    for row, (loss, accuracy) in zip(rows(capsys.readouterr().out), (seen[2], seen[5]), strict=False):
        assert (row["train_loss"], row["train_acc"]) == (f"{loss:.4f}", f"{accuracy:.4f}")


def test_only_run_0_has_a_head(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train94(loader(folder), epochs=1, make_net=narrow, run=7)
    printed = capsys.readouterr().out
    assert "train_loss" not in printed
    assert [row["run"] for row in rows(printed)] == ["7", ""]


def test_quietly_nothing_is_evaluated_or_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(training, "evaluate", never)
    # Nor are test images looked for.
    (folder / "test.pt").unlink()
    network = train94(loader(folder), epochs=1, make_net=narrow, verbose=False)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
    assert isinstance(network, ConvNet)


@pytest.mark.parametrize(
    ("warm_up", "make_net"),
    [(warmup93, make_net93), (warmup94, make_net94), (warmup95, make_net95), (warmup96, make_net96)],
)
def test_a_warm_up_is_one_step(
    warm_up: Callable[..., None],
    make_net: Callable[..., ConvNet],
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = []
    original = torch.optim.SGD.step
    monkeypatch.setattr(torch.optim.SGD, "step", lambda sgd: steps.append(1) or original(sgd))
    own = loader(folder)
    for verbose in (True, False):
        assert warm_up(own, make_net=partial(make_net, widths=NARROW), verbose=verbose) is None
        printed = capsys.readouterr().out
        if verbose:
            (row,) = rows(printed)
            assert (row["run"], row["epoch"], row["train_loss"]) == ("warmup", "", "")
            assert float(row["total_time_seconds"]) > 0
        else:
            assert printed == ""
    assert len(steps) == 2
    assert own.epoch == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epochs": 0}, "epochs is 0; write a number above 0."),
        ({"epochs": float("nan")}, "epochs is nan;"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'; write a number above 0."),
        ({"label_smoothing": 1.5}, "label_smoothing is 1.5; write a share from 0 to 1."),
        ({"bias_scaler": -1}, "bias_scaler is -1;"),
        ({"momentum": 1}, "momentum is 1; write a share above 0 and below 1."),
        ({"weight_decay": -0.1}, "weight_decay is -0.1; write 0 or more."),
        ({"whiten_bias_epochs": -1}, "whiten_bias_epochs is -1; write 0 or more."),
        ({"lr_peak": 1.0}, "lr_peak is 1.0; write a share of the steps, from 0 to below 1."),
        ({"tta_level": 3}, "tta_level is 3; there are 0"),
        ({"tta_level": 3, "verbose": False}, "tta_level is 3; there are 0"),
        ({"device": "cdua"}, "Unknown device 'cdua'."),
        ({"train_loader": [1, 2]}, "train_loader is a list; give a CifarLoader"),
        ({"make_net": 94}, "make_net is 94; give a function without arguments, such as make_net94."),
        ({"make_net": lambda: narrow().to("meta")}, "make_net gave a network on meta, and the images are on cpu."),
    ],
)
def test_what_cannot_be_trained_is_refused(folder: Path, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        train96(**{"train_loader": loader(folder), "make_net": narrow, "epochs": 1, **settings})
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_a_batch_that_never_fills_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="A batch of 97 never fills from 96 images"):
        train94(loader(folder, batch_size=97), epochs=1, make_net=narrow)


@pytest.mark.parametrize(("batch_size", "sizes"), [(36, [36, 36, 24] * 2), (97, [96] * 2)])
def test_a_short_last_batch_is_trained_on_where_it_is_not_dropped(
    batch_size: int, sizes: list[int], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = list[int]()
    original = training.cross_entropies

    def watched(logits: Tensor, labels: Tensor, label_smoothing: float) -> Tensor:
        seen.append(len(labels))
        return original(logits, labels, label_smoothing)

    monkeypatch.setattr(training, "cross_entropies", watched)
    own = loader(folder, batch_size=batch_size, drop_last=False)
    train94(own, epochs=2, make_net=narrow, verbose=False)
    assert seen == sizes
    assert own.epoch == 2


def test_a_loader_without_dropping_is_trained_on_where_batches_are_full(folder: Path) -> None:
    kept, dropped = (
        weights(train94(loader(folder, drop_last=drop), epochs=1, make_net=narrow, verbose=False, seed=1))
        for drop in (False, True)
    )
    assert same(kept, dropped)


def test_unequal_lengths_are_refused(folder: Path) -> None:
    own = loader(folder)
    own.labels = own.labels[:50]
    with pytest.raises(UsageError, match="96 images and 50 labels"):
        train94(own, epochs=1, make_net=narrow)


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("images", lambda images: images[..., 2:30], "loader.images are of 32×28 pixels; the networks take 32×32."),
        (
            "labels",
            lambda labels: labels + 5,
            "loader.labels go from 5 to 14; the network tells 10 classes apart, from 0 to 9.",
        ),
    ],
)
def test_images_and_labels_that_no_network_takes_are_refused(
    name: str, change: Callable[[Tensor], Tensor], words: str, folder: Path
) -> None:
    own = loader(folder)
    setattr(own, name, change(getattr(own, name)))
    with pytest.raises(UsageError) as caught:
        train94(own, epochs=1, make_net=narrow)
    assert str(caught.value) == words


def test_missing_test_images_are_told_before_training(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = loader(folder)
    (folder / "test.pt").unlink()
    monkeypatch.setattr(training.sgd_loop, "train", lambda *_: pytest.fail("it has begun"))
    with pytest.raises(DataError, match=r"has train\.pt and no test\.pt"):
        train94(own, epochs=1, make_net=narrow)
