"""Prints as `airbench94_muon.py` does, without training: a row an epoch, the run's name on its first row only."""

import time

import torch

HEADER = ("run   ", "epoch", "train_acc", "val_acc", "tta_val_acc", "time_seconds")
SECONDS = 2.59


def row(run: str, epoch: str, train_acc: float, val_acc: float, tta_val_acc: float | None, time_seconds: float) -> str:
    tta = "" if tta_val_acc is None else f"{tta_val_acc:.4f}"
    cells = (run, epoch, f"{train_acc:.4f}", f"{val_acc:.4f}", tta, f"{time_seconds:.4f}")
    padded = [cell.rjust(len(name)) for cell, name in zip(cells, HEADER, strict=True)]
    return "".join(f"|  {cell}  " for cell in padded) + "|"


def main() -> None:
    train, test = (torch.load(f"cifar10/{split}.pt", weights_only=True) for split in ("train", "test"))
    for split in (train, test):
        num_images = len(split["labels"])
        if tuple(split["images"].shape) != (num_images, 32, 32, 3) or split["images"].dtype != torch.uint8:
            raise SystemExit("the images are not uint8 (N, 32, 32, 3)")
    rule = "-" * len(row("", "", 0, 0, None, 0))
    print(rule + "\n" + "".join(f"|  {name}  " for name in HEADER) + "|\n" + rule)
    for number, run in enumerate(["warmup", *map(str, range(200))]):
        for epoch in range(3):
            val_acc = 0.5 + 0.1 * epoch
            print(row(run if epoch == 0 else "", str(epoch), val_acc, val_acc, None, SECONDS * (epoch + 1) / 3))
            time.sleep(0.01)
        accuracy = 0.94 + 0.001 * (number % 3 - 1)
        seconds = 40.0 if run == "warmup" else SECONDS + 0.001 * (number % 2)
        print(row("", "eval", 0.98, accuracy - 0.01, accuracy, seconds))
        print(rule)


if __name__ == "__main__":
    main()
