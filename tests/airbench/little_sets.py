"""Sets written as the airbench package writes them, and networks so narrow that they train at once."""

from pathlib import Path

import torch
from torch import Tensor

from ablate.airbench import make_net94
from ablate.parts.convnet import ConvNet

NUM_TRAIN, NUM_TEST = 96, 40
NARROW = {"block1": 8, "block2": 8, "block3": 8}
CLASSES = [f"class {number}" for number in range(10)]


def write(folder: Path, train: tuple[Tensor, Tensor], test: tuple[Tensor, Tensor]) -> Path:
    """Images uint8 (N, 32, 32, 3) and labels of both splits as train.pt and test.pt."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (images, labels) in (("train.pt", train), ("test.pt", test)):
        torch.save({"images": images, "labels": labels, "classes": CLASSES}, folder / name)
    return folder


def narrow() -> ConvNet:
    """airbench94's network, narrow."""
    return make_net94(widths=NARROW)
