"""The training of the airbench package said plainly, for any network that begins with a convolution to whiten."""

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PEAK, END = 0.23, 0.07


def whiten(conv: nn.Conv2d, images: Tensor) -> None:
    """Filters by the patches' principal directions, the strongest first, and their negatives."""
    height, width = conv.kernel_size
    patches = F.unfold(images.float(), (height, width)).transpose(1, 2).reshape(-1, 3 * height * width)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches), UPLO="U")
    rows = [vectors[:, place] / math.sqrt(values[place].item() + 5e-4) for place in reversed(range(3 * height * width))]
    filters = torch.stack(rows).view(-1, 3, height, width)
    conv.weight.data.copy_(torch.cat([filters, -filters]))


def train_plainly(
    network: nn.Sequential,
    batches: Iterable[tuple[Tensor, Tensor]],
    images: Tensor,
    *,
    steps_per_epoch: int,
    batch_size: int,
    epochs: float,
    bias_epochs: int,
) -> list[int]:
    """Train float32 weights with airbench94's numbers; the sizes of the batches that it took."""
    num_steps, kilo, momentum = math.ceil(steps_per_epoch * epochs), 1024 * (1 + 1 / 0.15), 0.85
    rate, rate_times_decay = 11.5 / kilo, 0.0153 * batch_size / kilo
    trained = {name: value for name, value in network.named_parameters() if value.requires_grad}
    peaks = {name: rate * (64 if "norm" in name else 1) for name in trained}
    velocity = {name: torch.zeros_like(value) for name, value in trained.items()}
    floats = [value for value in network.state_dict().values() if value.is_floating_point()]
    average = [value.clone() for value in floats]
    first = network[0]
    assert isinstance(first, nn.Conv2d)
    assert first.bias is not None
    whiten(first, images[:5000])

    step, sizes = 0, list[int]()
    for epoch in range(math.ceil(epochs)):
        network.train()
        for inputs, labels in batches:
            F.cross_entropy(network(inputs.float()), labels, label_smoothing=0.2, reduction="none").sum().backward()
            top = int(num_steps * PEAK)
            height = 0.2 + 0.8 * step / top if step < top else 1 - (1 - END) * (step - top) / (num_steps - top)
            with torch.no_grad():
                for name, value in trained.items():
                    if value is first.bias and epoch >= bias_epochs:
                        continue
                    assert value.grad is not None
                    gradient = value.grad + rate_times_decay / peaks[name] * value
                    velocity[name] = momentum * velocity[name] + gradient
                    value -= peaks[name] * height * (gradient + momentum * velocity[name])
            network.zero_grad()
            step += 1
            sizes.append(len(labels))
            kept = 0.95**5 * (step / num_steps) ** 3
            for weight in ([kept] if step % 5 == 0 else []) + ([1.0] if step == num_steps else []):
                for mean, value in zip(average, floats, strict=True):
                    mean.mul_(weight).add_(value, alpha=1 - weight)
                    value.copy_(mean)
            if step == num_steps:
                break
    return sizes
