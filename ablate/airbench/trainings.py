"""airbench93 to airbench96 as functions: each trains a network on a loader's images and gives it."""

from typing import Any

from ablate.airbench.loader import CifarLoader
from ablate.airbench.networks import MakeNet, make_net93, make_net94, make_net95, make_net96
from ablate.airbench.training import WARM_UP, Numbers, train


def train93(
    train_loader: CifarLoader | None = None,
    epochs: float = 11.0,
    label_smoothing: float = 0.2,
    learning_rate: float = 11.5,
    bias_scaler: float = 64.0,
    momentum: float = 0.85,
    weight_decay: float = 0.0153,
    whiten_bias_epochs: float = 3,
    tta_level: int = 2,
    make_net: MakeNet = make_net93,
    run: int | str = 0,
    verbose: bool = True,
    *,
    device: str = "auto",
    seed: int | None = None,
) -> Any:
    """Train airbench93 and give the network, in evaluation mode: airbench94 with a narrower network, for longer; see `train94`."""
    return train(
        "airbench94",
        Numbers(
            epochs=epochs,
            label_smoothing=label_smoothing,
            learning_rate=learning_rate,
            bias_scaler=bias_scaler,
            momentum=momentum,
            weight_decay=weight_decay,
            whiten_bias_epochs=whiten_bias_epochs,
        ),
        train_loader=train_loader,
        aug=dict(flip=True, translate=2),
        tta_level=tta_level,
        make_net=make_net,
        run=run,
        verbose=verbose,
        device=device,
        seed=seed,
    )


def train94(
    train_loader: CifarLoader | None = None,
    epochs: float = 9.9,
    label_smoothing: float = 0.2,
    learning_rate: float = 11.5,
    bias_scaler: float = 64.0,
    momentum: float = 0.85,
    weight_decay: float = 0.0153,
    whiten_bias_epochs: float = 3,
    tta_level: int = 2,
    make_net: MakeNet = make_net94,
    run: int | str = 0,
    verbose: bool = True,
    *,
    device: str = "auto",
    seed: int | None = None,
) -> Any:
    """Train airbench94 and give the network, in evaluation mode; without a loader, on CIFAR-10 as published.

    A loader keeps its images, batch size, augmentation and order, `altflip` (which is off unless it says so) included, and where it
    drops no images, a short last batch is a step too. It is iterated as it is, so a subclass's own `__iter__` and its `normalize`
    count; its length is the steps of an epoch. Its epochs are counted anew, and the test images, normalised as it does, are those of
    where its images came from. `learning_rate` and `weight_decay` are for 1,024
    images; a batch of another size changes the decay of a step and not its rate. `tta_level` is that of `infer`. `make_net`: a
    function that gives the network, which is trained from the values it comes with: one of `make_net…`, with widths and momentum of
    its own, or any module of images (N, 3, 32, 32) to logits that begins, at [0], with a `Conv2d(3, 6·k·k, k)` with a bias, which is
    whitened. Of such a network, parameters with "norm" in their names learn at `bias_scaler` times the rate, and only those that need
    a gradient when it is given learn at all. `verbose` prints airbench's table, its head only where
    `run` is 0, its losses means over a batch, short ones too; without it nothing is evaluated. `run` -1 is a warm-up (see
    `warmup94`). `device` is the loader's where there is one. Without a `seed`, draws follow torch's global generator.

    Raises:
        UsageError: a number out of its range, a loader or network that cannot be trained, no such device.
        DataError: no such images, or damaged ones.
    """
    return train(
        "airbench94",
        Numbers(
            epochs=epochs,
            label_smoothing=label_smoothing,
            learning_rate=learning_rate,
            bias_scaler=bias_scaler,
            momentum=momentum,
            weight_decay=weight_decay,
            whiten_bias_epochs=whiten_bias_epochs,
        ),
        train_loader=train_loader,
        aug=dict(flip=True, translate=2),
        tta_level=tta_level,
        make_net=make_net,
        run=run,
        verbose=verbose,
        device=device,
        seed=seed,
    )


def train95(
    train_loader: CifarLoader | None = None,
    epochs: float = 15.0,
    label_smoothing: float = 0.2,
    learning_rate: float = 10.0,
    bias_scaler: float = 64.0,
    momentum: float = 0.85,
    weight_decay: float = 0.0153,
    whiten_bias_epochs: float = 3,
    tta_level: int = 2,
    make_net: MakeNet = make_net95,
    run: int | str = 0,
    verbose: bool = True,
    *,
    device: str = "auto",
    seed: int | None = None,
) -> Any:
    """Train airbench95 and give the network, in evaluation mode; see `train94`."""
    return train(
        "airbench95",
        Numbers(
            epochs=epochs,
            label_smoothing=label_smoothing,
            learning_rate=learning_rate,
            bias_scaler=bias_scaler,
            momentum=momentum,
            weight_decay=weight_decay,
            whiten_bias_epochs=whiten_bias_epochs,
        ),
        train_loader=train_loader,
        aug=dict(flip=True, translate=2),
        tta_level=tta_level,
        make_net=make_net,
        run=run,
        verbose=verbose,
        device=device,
        seed=seed,
    )


def train96(
    train_loader: CifarLoader | None = None,
    epochs: float = 37.0,
    label_smoothing: float = 0.2,
    learning_rate: float = 9.0,
    bias_scaler: float = 64.0,
    momentum: float = 0.85,
    weight_decay: float = 0.012,
    whiten_bias_epochs: float = 3,
    tta_level: int = 2,
    make_net: MakeNet = make_net96,
    run: int | str = 0,
    verbose: bool = True,
    lr_peak: float = 0.23,
    lr_end: float = 0.07,
    *,
    device: str = "auto",
    seed: int | None = None,
) -> Any:
    """Train airbench96 and give the network, in evaluation mode; see `train94`.

    The rate peaks after the share `lr_peak` of the steps and falls towards `lr_end` of itself. The airbench package takes both and
    trains with 0.23 and 0.07 whatever they are; here they count, and those are the defaults. The published script has 0.1 and 0.
    """
    return train(
        "airbench96",
        Numbers(
            epochs=epochs,
            label_smoothing=label_smoothing,
            learning_rate=learning_rate,
            bias_scaler=bias_scaler,
            momentum=momentum,
            weight_decay=weight_decay,
            whiten_bias_epochs=whiten_bias_epochs,
            lr_peak=lr_peak,
            lr_end=lr_end,
        ),
        train_loader=train_loader,
        aug=dict(flip=True, translate=4, cutout=12),
        tta_level=tta_level,
        make_net=make_net,
        run=run,
        verbose=verbose,
        device=device,
        seed=seed,
    )


def warmup93(*args: Any, **kwargs: Any) -> None:
    """One step of `train93` with these arguments; see `warmup94`."""
    train93(*args, **{**kwargs, "run": WARM_UP})


def warmup94(*args: Any, **kwargs: Any) -> None:
    """One step of `train94` with these arguments, so that what starts slowly has started; prints a row where `verbose`, gives nothing.

    The airbench package trains to the end where `verbose` is off; here it is one step all the same.
    """
    train94(*args, **{**kwargs, "run": WARM_UP})


def warmup95(*args: Any, **kwargs: Any) -> None:
    """One step of `train95` with these arguments; see `warmup94`."""
    train95(*args, **{**kwargs, "run": WARM_UP})


def warmup96(*args: Any, **kwargs: Any) -> None:
    """One step of `train96` with these arguments; see `warmup94`."""
    train96(*args, **{**kwargs, "run": WARM_UP})
