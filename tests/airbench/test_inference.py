from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.airbench import CifarLoader, evaluate, infer
from ablate.errors import UsageError
from ablate.parts.augment import normalised


class Counts(nn.Module):
    """Tells images apart by ten of their pixels, so that mirrored and shifted ones give other logits; counts its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        self.sizes.append(len(images))
        return images[:, 0, 3, 0:10].float()


@pytest.fixture
def test_loader(folder: Path) -> CifarLoader:
    # Nothing of this is to matter.
    return CifarLoader(
        folder, train=False, batch_size=30, aug={"flip": True, "cutout": 8}, drop_last=True, device="cpu"
    )


def by_hand(images: Tensor, level: int) -> Tensor:
    def plain(views: Tensor) -> Tensor:
        return views[:, 0, 3, 0:10].float()

    def mirrored(views: Tensor) -> Tensor:
        return (plain(views) + plain(views.flip(-1))) / 2

    padded = F.pad(images, (1, 1, 1, 1), "reflect")
    shifted = (mirrored(padded[..., :32, :32]) + mirrored(padded[..., 2:, 2:])) / 2
    return [plain(images), mirrored(images), (mirrored(images) + shifted) / 2][level]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_levels_weigh_their_views(test_loader: CifarLoader, level: int) -> None:
    model = Counts().train()
    logits = infer(model, test_loader, level)
    torch.testing.assert_close(logits, by_hand(normalised(test_loader.images), level))
    assert model.sizes == [40] * [1, 2, 6][level]
    assert not model.training
    assert test_loader.epoch == 0
    expected = (logits.argmax(1) == test_loader.labels).float().mean().item()
    assert evaluate(model, test_loader, tta_level=level) == pytest.approx(expected)


def test_the_plain_level_is_the_default_and_more_than_a_batch_is_in_chunks(test_loader: CifarLoader) -> None:
    test_loader.images = test_loader.images.repeat(51, 1, 1, 1)
    test_loader.labels = test_loader.labels.repeat(51)
    model = Counts()
    assert len(infer(model, test_loader)) == 2040
    assert model.sizes == [2000, 40]


def test_predictions_need_no_full_batch_and_no_gradient(test_loader: CifarLoader) -> None:
    test_loader.batch_size = 1000
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 10).to(test_loader.images.dtype))
    logits = infer(model, test_loader)
    assert logits.shape == (40, 10)
    assert not logits.requires_grad


@pytest.mark.parametrize("level", [3, -1, 1.5, "2", None])
@pytest.mark.parametrize("predict", [infer, evaluate])
def test_other_levels_are_refused(test_loader: CifarLoader, level: Any, predict: Any) -> None:
    with pytest.raises(UsageError) as caught:
        predict(Counts(), test_loader, level)
    assert str(caught.value) == (
        f"tta_level is {level!r}; there are 0 (the image itself), 1 (and its mirror) and 2 (and two shifts by a pixel)."
    )


def test_a_model_elsewhere_is_refused(test_loader: CifarLoader) -> None:
    with pytest.raises(UsageError) as caught:
        infer(nn.Linear(3, 10, device="meta"), test_loader)
    assert str(caught.value) == "The model is on meta and the loader's images on cpu. Move it: model.to('cpu')."


def test_images_and_labels_that_do_not_go_together_are_refused(test_loader: CifarLoader) -> None:
    test_loader.labels = test_loader.labels[:7]
    with pytest.raises(UsageError, match="40 images and 7 labels"):
        evaluate(Counts(), test_loader)
