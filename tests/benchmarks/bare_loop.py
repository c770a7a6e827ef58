"""airbench94_muon's training loop written by hand in plain PyTorch: the other side of `step_time.py`.

Nothing of the package is used. Source of the numbers: KellerJordan/cifar10-airbench, airbench94_muon.py (2025-03-02).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PUBLISHED_BATCH = 2000
BIAS_RATE, HEAD_RATE, FILTER_RATE = 0.053, 0.67, 0.24
MOMENTUM, FILTER_MOMENTUM = 0.85, 0.6
DECAY = 2e-6 * PUBLISHED_BATCH
LABEL_SMOOTHING = 0.2

Orthogonalise = Callable[[Tensor], Tensor]


def newton_schulz(gradient: Tensor) -> Tensor:
    """Three quintic steps on a (rows ≤ columns) matrix in bfloat16."""
    x = gradient.bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(3):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x


def convolutions(before: int, width: int) -> list[nn.Module]:
    """conv, pool, norm, GELU, conv, norm, GELU."""
    return [
        nn.Conv2d(before, width, 3, padding="same", bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(width, eps=1e-12, momentum=0.4),
        nn.GELU(),
        nn.Conv2d(width, width, 3, padding="same", bias=False),
        nn.BatchNorm2d(width, eps=1e-12, momentum=0.4),
        nn.GELU(),
    ]


class BareNet(nn.Module):
    """The network: `widths` are the output channels of its three groups."""

    def __init__(self, widths: tuple[int, int, int]) -> None:
        super().__init__()
        first, second, third = widths
        self.whiten = nn.Conv2d(3, 24, 2)
        self.layers = nn.Sequential(
            nn.GELU(),
            *convolutions(24, first),
            *convolutions(first, second),
            *convolutions(second, third),
            nn.MaxPool2d(3),
            nn.Flatten(),
        )
        self.head = nn.Linear(third, 10, bias=False)
        # 256 as published; a narrower head is divided by the geometric mean of its width and that.
        self.divisor = (256 * third) ** 0.5
        self.whiten.weight.requires_grad_(False)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.requires_grad_(False)

    def forward(self, images: Tensor, train_bias: bool) -> Tensor:
        bias = self.whiten.bias if train_bias else self.whiten.bias.detach()
        features = self.layers(F.conv2d(images, self.whiten.weight, bias))
        return self.head(features) / self.divisor

    def in_precision(self, dtype: torch.dtype) -> "BareNet":
        """Everything in `dtype` and channels_last, norms in float32."""
        self.to(dtype).to(memory_format=torch.channels_last)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.float()
        return self


@dataclass(slots=True)
class BareTraining:
    """The loop over one network; every run begins with new optimisers."""

    net: BareNet
    orthogonalise: Orthogonalise
    num_steps: int
    bias_steps: int
    clock: Callable[[], float] = time.perf_counter

    def run(self, images: Tensor, labels: Tensor, batches: list[Tensor]) -> tuple[list[float], list[float]]:
        """Train on `batches` (indices); the moment each step began and the last one ended, and each step's loss."""
        net = self.net
        norm_biases = [module.bias for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
        filters = [module.weight for module in net.layers if isinstance(module, nn.Conv2d)]
        groups = [([net.whiten.bias], BIAS_RATE), (norm_biases, BIAS_RATE), ([net.head.weight], HEAD_RATE)]
        sgd = torch.optim.SGD(
            [{"params": params, "lr": rate, "weight_decay": DECAY / rate} for params, rate in groups],
            momentum=MOMENTUM,
            nesterov=True,
            fused=True,
        )
        buffers = [torch.zeros_like(weight) for weight in filters]
        moments, losses = [], []
        net.train()
        for step, batch in enumerate(batches):
            moments.append(self.clock())
            logits = net(images[batch], step < self.bias_steps)
            loss = F.cross_entropy(logits, labels[batch], label_smoothing=LABEL_SMOOTHING, reduction="sum")
            (loss * (PUBLISHED_BATCH / len(batch))).backward()
            left = 1 - step / self.num_steps
            sgd.param_groups[0]["lr"] = BIAS_RATE * max(0.0, 1 - step / self.bias_steps)
            sgd.param_groups[1]["lr"] = BIAS_RATE * left
            sgd.param_groups[2]["lr"] = HEAD_RATE * left
            sgd.step()
            with torch.no_grad():
                for weight, buffer in zip(filters, buffers, strict=True):
                    buffer.mul_(FILTER_MOMENTUM).add_(weight.grad)
                    update = weight.grad.add(buffer, alpha=FILTER_MOMENTUM)
                    weight.mul_(len(weight) ** 0.5 / weight.norm())
                    direction = self.orthogonalise(update.reshape(len(update), -1)).view(weight.shape)
                    weight.add_(direction, alpha=-FILTER_RATE * left)
            net.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        moments.append(self.clock())
        return moments, [loss.item() for loss in losses]
