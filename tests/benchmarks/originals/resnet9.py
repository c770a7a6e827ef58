"""How the two published ResNet-9 trainings are made small, trained once, and looked at: they compute losses and averages themselves."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from originals.on_cpu import Edit, wrap
from originals.size import Size
from originals.watch import Watch

PREP_AND_STAGES = (64, 128, 256, 512)
"""The published widths; a narrow network's first one is that of both the preparation and the first stage."""

OUR_MEANS, OUR_STDS = "(0.4914, 0.4822, 0.4465)", "(0.2470, 0.2435, 0.2616)"

DAWN_CAUSES: tuple[Edit, ...] = (
    (
        r"partial\(normalise, mean=T\(cifar10_mean\), std=T\(cifar10_std\)\)",
        f"lambda x: (x / 255 - T({OUR_MEANS})) / T({OUR_STDS})",
    ),
    (r"loss = label_smoothing_loss\(0\.2\)", "loss = x_ent_loss; x_ent_loss.graph['loss'][0].label_smoothing = 0.2"),
)
SIMPLE_CAUSES: tuple[Edit, ...] = (
    (
        r"data = \(data - mean\) / std",
        f"data = (data / 255 - torch.tensor({OUR_MEANS}).to(dtype)) / torch.tensor({OUR_STDS}).to(dtype)",
    ),
    (
        r"model\.label_smoothing_loss\(logits, target, alpha=0\.2\)",
        "nn.functional.cross_entropy(logits, target, reduction='none', label_smoothing=0.2)",
    ),
    (r"model\.patch_whitening\(", "of_upper(model.patch_whitening)("),
)


def dawn_edits(size: Size) -> list[Edit]:
    """The numbers are in its `main`, which it calls; rates stay those of the published batch, and so does the share of flat steps."""
    return [
        (r"(?m)^main\(\)$", ""),
        (r"epochs, ema_epochs = 10, 2", f"epochs, ema_epochs = {int(size.epochs)}, {0.2 * size.epochs}"),
        (r"batch_size = 512", f"batch_size = {size.batch_size}"),
        (r"\(step/len\(train_batches\)\)/batch_size", "(step/len(train_batches))/512"),
        (r"\(64/batch_size\)", "(64/512)"),
        # Padding kept no layout but NCHW then; what keeps another one cannot be viewed as ghost batches.
        (r"partial\(transpose, source='NHWC', target='NCHW'\)", "lambda x: x.permute(0, 3, 1, 2).contiguous()"),
        (r"to\(dtype=torch\.float16\)", "to(dtype=torch.half)"),
        (r"torch\.tensor\(x, dtype=torch\.float16", "torch.tensor(x, dtype=torch.half"),
    ]


def run_dawn(module: ModuleType, size: Size, watch: Watch) -> None:
    """new_dawn: its second network is the one it trains, the first was for warming up."""
    backend = sys.modules["torch_backend"]
    module.cifar10 = lambda folder: {
        name: dict(zip(("data", "targets"), arrays(split), strict=True))
        for name, split in (("train", "train"), ("valid", "test"))
    }
    # NumPy's shuffle of the choices, drawn where it is put on the tape.
    backend.shuffled = lambda choices, inplace: [choices[place] for place in torch.randperm(len(choices))]
    module.parser.parse_args = lambda: module.parser.parse_known_args([])[0]
    module.warmup_cudnn = lambda *arguments: None
    if size.widths is not None:
        channels = dict(zip(("prep", "layer1", "layer2", "layer3"), (size.widths[0], *size.widths), strict=True))
        module.net = partial(module.net, channels=channels)
    wrap(module, "net", watch.off_the_clock)
    wrap(module, "Network", watch.building)
    began = watch.clock()

    def timer(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        # What comes before it is a rehearsal.
        watch.paused_seconds = watch.clock() - began
        return function(*arguments, **options)

    wrap(module, "Timer", timer)
    kept = watch.losses

    def keep_losses(batch: Any, state: dict[str, Any]) -> None:
        if batch:
            kept.append(state["output"]["loss"].detach().clone())

    forward, *others = module.default_train_steps
    module.default_train_steps = (forward, keep_losses, *others)
    passes = Passes(int(size.epochs), watch)

    def watched_tta(function: Callable[..., Any], transforms: Sequence[Any]) -> Any:
        step = function(transforms)

        def watched(batch: Any, state: dict[str, Any]) -> Any:
            updates = passes.run(step, batch, state)
            if batch:
                watch.predicted(state["valid_model"], updates["output"]["logits"])
            else:
                passes.begin_next()
            return updates

        return watched

    wrap(module, "forward_tta", watched_tta)
    module.main()
    del watch.starts[:-1]


def simple_edits(size: Size) -> list[Edit]:
    """The numbers are in its `train`; decay is that of the published batch's mean loss, and the table a share of the steps."""
    steps = int(size.epochs) * (size.train_images // size.batch_size)
    decay = 5e-4 * size.batch_size
    return [
        (r"epochs = 10\n", f"epochs = {int(size.epochs)}\n"),
        (r"batch_size = 512", f"batch_size = {size.batch_size}"),
        (r"weight_decay = 0\.256", f"weight_decay = {decay!r}"),
        (r"weight_decay_bias = 0\.004", f"weight_decay_bias = {decay / 64!r}"),
        (r"data = data\.permute\(0, 3, 1, 2\)", "data = data.permute(0, 3, 1, 2).contiguous()"),
        (r"2e-3, 194\)", f"2e-3, {round(0.2 * steps)})"),
        (r"2e-4, 582\)", f"2e-4, {round(0.6 * steps)})"),
        (r"dtype = torch\.float16 if device\.type != \"cpu\" else torch\.float32", "dtype = torch.half"),
    ]


def run_simple(module: ModuleType, size: Size, watch: Watch) -> None:
    """cifar10-fast-simple's train: its network is in the module beside it."""
    network = module.model
    module.torchvision = SimpleNamespace(datasets=SimpleNamespace(CIFAR10=_Files))
    module.of_upper = _of_upper
    if size.widths is not None:
        _narrow(network, size.widths)
    wrap(network, "Model", watch.building)

    def keep_losses(function: Callable[..., Tensor], *arguments: Any, **options: Any) -> Tensor:
        loss = function(*arguments, **options)
        watch.losses.append(loss.detach().clone())
        return loss

    wrap(network, "label_smoothing_loss", keep_losses)
    passes = Passes(int(size.epochs), watch)

    module.copy = SimpleNamespace(deepcopy=partial(_watched_copy, module.copy.deepcopy, watch, passes))
    module.train(0)


def _watched_copy(
    deepcopy: Callable[[nn.Module], nn.Module], watch: Watch, passes: "Passes", model: nn.Module
) -> nn.Module:
    """The copy that is averaged and predicts, an image and then its mirror, all test images at once."""
    average = deepcopy(model)
    forward, views = average.forward, list[Tensor]()

    def predict(images: Tensor) -> Tensor:
        logits: Tensor = passes.run(forward, images)
        views.append(logits.detach())
        if len(views) == 2:
            watch.predicted(average, torch.stack(views).mean(0))
            views.clear()
            passes.begin_next()
        return logits

    average.forward = predict  # type: ignore[method-assign]
    return average


def _of_upper(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same function with matrices decomposed from their upper triangle."""

    def called(*arguments: Any) -> Tensor:
        with mock.patch.object(torch.linalg, "eigh", partial(torch.linalg.eigh, UPLO="U")):
            return function(*arguments)

    return called


class Passes:
    """Predictions after each epoch: all but the last epoch's are validation, off the clock."""

    def __init__(self, epochs: int, watch: Watch) -> None:
        self._left, self._watch = epochs, watch

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call what predicts."""
        if self._left > 1:
            return self._watch.off_the_clock(function, *arguments)
        return function(*arguments)

    def begin_next(self) -> None:
        """An epoch's predictions are all made."""
        self._left -= 1


class _Files:
    """In place of torchvision's CIFAR10: the made images."""

    def __init__(self, root: str, train: bool = True, download: bool = False) -> None:
        self.data, targets = arrays("train" if train else "test")
        self.targets = targets.tolist()


def arrays(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) uint8 and labels (N,) of the data files in the working folder."""
    stored = torch.load(f"cifar10/{split}.pt")
    return stored["images"].numpy(), stored["labels"].numpy()


def _narrow(network: ModuleType, widths: tuple[int, ...]) -> None:
    narrower = dict(zip(PREP_AND_STAGES, (widths[0], *widths), strict=True))

    def narrowed(function: Callable[..., Any], inputs: int, outputs: int, **options: Any) -> Any:
        return function(narrower.get(inputs, inputs), narrower[outputs], **options)

    def with_head(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        model = function(*arguments, **options)
        model.linear11 = nn.Linear(widths[-1], 10, bias=False)
        return model

    for name in ("conv_bn_relu", "conv_pool_norm_act"):
        wrap(network, name, narrowed)
    wrap(network, "Model", with_head)
