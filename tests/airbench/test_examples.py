"""What scripts written for the airbench package do, and the README's example of it."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from ablate import airbench
from ablate.airbench import CifarLoader, evaluate, infer, train94
from tests.airbench.little_sets import narrow, write
from tests.test_readme import blocks


def test_a_loop_of_ones_own_over_the_loader(folder: Path) -> None:
    train_loader = CifarLoader(
        str(folder), train=True, aug=dict(flip=True, translate=4, cutout=16), batch_size=24, device="cpu"
    )
    test_loader = CifarLoader(str(folder), train=False, batch_size=1000, device="cpu")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3072, 10)).to(train_loader.images.dtype)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.003)
    losses = []
    for _ in range(8):
        for inputs, labels in train_loader:
            loss = F.cross_entropy(model(inputs), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert len(losses) == 8 * len(train_loader) == 32
    assert train_loader.epoch == 8
    assert sum(losses[-8:]) < sum(losses[:8])
    assert 0 <= evaluate(model, test_loader) <= 1


def test_a_mask_leaves_thirty_thousand_images_and_sixty_batches(tmp_path: Path) -> None:
    # One black image, stored once and shown fifty thousand times.
    images = torch.zeros(1, 32, 32, 3, dtype=torch.uint8)
    labels = torch.arange(50_000) % 10
    folder = write(tmp_path / "zeros", (images.expand(50_000, -1, -1, -1), labels), (images, labels[:1]))
    train_loader = CifarLoader(
        folder, train=True, aug=dict(flip=True, translate=4, cutout=16), batch_size=500, device="cpu"
    )
    assert len(train_loader) == 100
    mask = train_loader.labels < 6
    train_loader.images = train_loader.images[mask]
    train_loader.labels = train_loader.labels[mask]
    assert len(train_loader.images) == 30_000
    assert len(train_loader) == 60


def test_a_data_selection_experiment(folder: Path) -> None:
    net = train94(
        CifarLoader(folder, batch_size=32, device="cpu"), epochs=2, label_smoothing=0, make_net=narrow, verbose=False
    )
    loader = CifarLoader(folder, train=True, batch_size=1000, device="cpu")
    confidence = infer(net, loader).log_softmax(1).amax(1)
    assert len(confidence) == len(loader.images)
    for mask in (torch.rand(len(loader.labels)) < 0.6, confidence < confidence.float().quantile(0.6)):
        chosen = CifarLoader(folder, train=True, batch_size=16, aug=dict(flip=True, translate=2), device="cpu")
        chosen.images = chosen.images[mask]
        chosen.labels = chosen.labels[mask]
        assert 0 < len(chosen.images) < len(loader.images)
        trained = train94(chosen, epochs=1, make_net=narrow, verbose=False)
        assert 0 <= evaluate(trained, chosen) <= 1


def test_the_readmes_example(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As it stands, but on few images in small batches, for one epoch, with a narrow network."""
    (text,) = [block for block in blocks("python") if "from ablate.airbench import" in block]
    monkeypatch.chdir(folder.parent)
    original = CifarLoader.__init__

    def small(loader: CifarLoader, *args: Any, **kwargs: Any) -> None:
        original(loader, *args, **{**kwargs, "batch_size": 16, "device": "cpu"})

    def short(*args: Any, **kwargs: Any) -> Any:
        return train94(*args, **{**kwargs, "epochs": 1, "make_net": narrow})

    monkeypatch.setattr(CifarLoader, "__init__", small)
    monkeypatch.setattr(airbench, "train94", short)
    names: dict[str, Any] = {}
    exec(compile(text, "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert printed.count("total_time_seconds") == 2
    assert 0 <= float(printed.splitlines()[-1]) <= 1
    assert len(names["hard"].images) == pytest.approx(0.6 * 96, abs=3)
