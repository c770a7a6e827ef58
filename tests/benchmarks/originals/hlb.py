"""How hlb-CIFAR10 is made small, trained once, and looked at: its evaluation is in its loop, its draws are not all torch's functions."""

import math
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from originals.on_cpu import Edit, wrap
from originals.size import Size
from originals.tape import Draw
from originals.watch import Watch, state_of

CHUNKS = 10
AVERAGED_EPOCHS = MIXED_EPOCHS = 1
"""The last whole epochs that are averaged, and mixed, in a run of two and a fraction."""

HLB_CAUSES: tuple[Edit, ...] = (
    (r"transforms\.ToTensor\(\)\]\)", "transforms.ToTensor(), lambda image: image.half().float()])"),
    (
        r"torch\.randperm\(data\['train'\]\['images'\]\.shape\[0\], device=.*?\)\)",
        "torch.arange(len(data['train']['images'])))",
    ),
)


def hlb_edits(size: Size) -> list[Edit]:
    """Files in place of a download, the CPU, numbers that are not in its table, and draws that can be put on the tape.

    The loss keeps the factor of the published batch. Test images stay in storage order: their accuracy is all that it takes of them.
    """
    center = r"torch\.empty\(in_shape\[0\], dtype=torch\.long, device=inputs\.device\)\.random_\((.*?, in_shape\[-{}\].*?)\)\n"
    return [
        (r"(?m)^import torchvision$", "from originals import hlb as torchvision"),
        (r"shuffle=True, num_workers=2", "shuffle=False, num_workers=0"),
        (r"shuffle=False, num_workers=1", "shuffle=False, num_workers=0"),
        (r"'device': 'cuda'", "'device': 'cpu'"),
        (r"(?m)^batchsize = 1024", f"batchsize = {size.batch_size}"),
        (r"loss_batchsize_scaler = 512/batchsize", "loss_batchsize_scaler = 0.5"),
        (r"eval_batchsize = 2500", f"eval_batchsize = {size.test_images}"),
        (r"whiten_splits=5000", f"whiten_splits={math.ceil(size.train_images / CHUNKS)}"),
        (
            r"torch\.randperm\(num_epoch_examples, device='cuda'\)",
            "(torch.randperm if key == 'train' else torch.arange)(num_epoch_examples)",
        ),
        (r"torch\.randperm\(inputs\.shape\[0\], device='cuda'\)", "torch.randperm(inputs.shape[0])"),
        *(
            (
                center.format(axis),
                f"torch.randint(mask_size//2-is_even, in_shape[-{axis}]-mask_size//2-is_even, (in_shape[0],))\n",
            )
            for axis in (2, 1)
        ),
        (
            r"torch\.rand_like\(batch_images\[:, 0, 0, 0\]\.view\(-1, 1, 1, 1\)\)",
            "torch.rand(len(batch_images)).view(-1, 1, 1, 1)",
        ),
    ]


def run_hlb(module: ModuleType, size: Size, watch: Watch) -> None:
    """main: evaluation is off the clock but for the last prediction by the average, whitening is on it."""
    table = module.hyp
    table["misc"]["train_epochs"] = size.epochs
    table["misc"]["ema"]["epochs"] = AVERAGED_EPOCHS
    table["net"]["cutmix_epochs"] = MIXED_EPOCHS
    if size.widths is not None:
        module.depths |= {f"block{number}": width for number, width in enumerate(size.widths, 1)}

    def on_the_clock(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        began = watch.clock()
        try:
            return function(*arguments, **options)
        finally:
            watch.paused_seconds -= watch.clock() - began

    def building(function: Callable[..., Any]) -> Any:
        network = watch.off_the_clock(function)
        watch.starts.append(in_our_order(state_of(network)))
        return network

    def keep_losses(function: Callable[..., Tensor], logits: Tensor, labels: Tensor) -> Tensor:
        losses = function(logits, labels)
        # Those of evaluation have no gradient.
        if losses.requires_grad:
            watch.losses.append(losses.detach().clone())
        return losses

    paused: list[float] = []

    def dealing(function: Callable[..., Any], *arguments: Any, key: str, **options: Any) -> Any:
        if key == "eval":
            paused.append(watch.clock())
        elif paused:
            watch.paused_seconds += watch.clock() - paused.pop()
        return function(*arguments, key=key, **options)

    predicting: list[float] = []

    def predicted(function: Callable[..., Tensor], average: Any, images: Tensor) -> Tensor:
        began = watch.clock()
        watch.logits = function(average, images)
        predicting[:] = [watch.clock() - began]
        watch.weights = in_our_order(state_of(average.net_ema))
        return watch.logits

    wrap(module, "init_whitening_conv", on_the_clock)
    wrap(module, "make_net", building)
    wrap(module, "loss_fn", keep_losses)
    wrap(module, "get_batches", dealing)
    wrap(module.NetworkEMA, "forward", predicted)
    module.main()
    watch.paused_seconds += watch.clock() - paused.pop() - predicting[0]


def in_our_order(state: Sequence[Tensor]) -> list[Tensor]:
    """Each group's norms come after both its convolutions in the script, and each after its own in ours."""
    first, *groups, last = state
    ordered = [first]
    for begin in range(0, len(groups), 10):
        conv, second_conv, *norms = groups[begin : begin + 10]
        ordered += [conv, *norms[:4], second_conv, *norms[4:]]
    return [*ordered, last]


def order_first(tape: Sequence[Draw]) -> list[Draw]:
    """The script draws the order first, rows and columns by themselves, and another image for each although it mixes none yet."""
    translated: list[Draw] = []
    for order, rows, columns, flip, partner, *corner in _epochs(tape):
        shifts = Draw("randint", torch.stack([rows.values, columns.values], 1), rows.low, rows.high)
        translated += [shifts, flip, *([partner, *corner] if corner else []), order]
    return translated


def _epochs(tape: Sequence[Draw]) -> Iterator[list[Draw]]:
    """Each epoch's draws, five, and two more where images are mixed."""
    # The order in which it whitens comes before all of them, unless that is taken out.
    waiting = list(tape[1:] if [draw.kind for draw in tape[:2]] == ["randperm"] * 2 else tape)
    while waiting:
        is_mixed = [draw.kind for draw in waiting[5:7]] == ["randint", "randint"]
        length = 7 if is_mixed else 5
        yield waiting[:length]
        del waiting[:length]


class Files:
    """In place of torchvision's CIFAR10: the made images."""

    def __init__(self, root: str, *, download: bool, train: bool, transform: Callable[[np.ndarray], Tensor]) -> None:
        stored = torch.load(f"{root}{'train' if train else 'test'}.pt")
        self._images, self._labels, self._transform = stored["images"].numpy(), stored["labels"].tolist(), transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        return self._transform(self._images[place]), self._labels[place]


datasets = SimpleNamespace(CIFAR10=Files)
"""What the script takes from torchvision."""
