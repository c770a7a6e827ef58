"""The data set in the form that the scripts load; our side reads the same two files."""

from pathlib import Path

import torch

from ablate.datasets import Dataset
from parity_harness.plan import DATA_FOLDER


def write_data_files(dataset: Dataset, folder: Path) -> None:
    """`cifar10/train.pt` and `cifar10/test.pt` in `folder`: images uint8 (N, 32, 32, 3), labels int64 (N,), class names."""
    target = folder / DATA_FOLDER
    target.mkdir()
    for split in ("train", "test"):
        images, labels = dataset.arrays[f"{split}_images"], dataset.arrays[f"{split}_labels"]
        torch.save(
            {
                "images": torch.from_numpy(images.copy()),
                "labels": torch.from_numpy(labels.copy()),
                "classes": list(dataset.classes),
            },
            target / f"{split}.pt",
        )


def read_data_files(name: str, folder: Path) -> Dataset:
    """The data set that `write_data_files` wrote to `folder`."""
    splits = [torch.load(folder / DATA_FOLDER / f"{split}.pt", weights_only=True) for split in ("train", "test")]
    train, test = ((split["images"].numpy(), split["labels"].numpy()) for split in splits)
    return Dataset.of(name, tuple(splits[0]["classes"]), train, test)
