"""Loaders whose iteration or normalisation is a user's own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.airbench import CifarLoader, evaluate, infer, train94, warmup94
from ablate.errors import UsageError
from ablate.parts.augment import normalised
from ablate.parts.convnet import ConvNet
from tests.airbench.little_sets import narrow
from tests.airbench.plain_training import whiten


def weights(network: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def trained(loader: CifarLoader, **settings: Any) -> dict[str, Tensor]:
    return weights(train94(loader, **{"epochs": 2, "make_net": narrow, "verbose": False, "seed": 3, **settings}))


SETTINGS: dict[str, Any] = {"batch_size": 32, "aug": {"flip": True, "translate": 2}, "device": "cpu"}


class Upside(CifarLoader):
    """Turns every batch upside down."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in super().__iter__():
            yield images.flip(-2), labels


class Listed(CifarLoader):
    """Batches by a list of indices, its own way, not counted in `epoch`."""

    def __len__(self) -> int:
        return 4

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        images = self.normalize(self.images)
        for first in range(4):
            yield images[first::4], self.labels[first::4]


class Miscounted(Listed):
    """Has another length than its iterations."""

    said: int

    def __len__(self) -> int:
        return self.said


class Watched:
    """Makes a narrow network, and keeps the images that it is trained on."""

    def __init__(self) -> None:
        self.seen: list[Tensor] = []

    def __call__(self) -> ConvNet:
        network = narrow()
        network.register_forward_pre_hook(lambda module, inputs: self.keep(inputs[0]) if module.training else None)
        return network

    def keep(self, images: Tensor) -> None:
        self.seen.append(images.clone())


def test_an_iteration_of_ones_own_is_trained_on(folder: Path) -> None:
    watched, settings = Watched(), {"batch_size": 32, "shuffle": False, "device": "cpu"}
    trained(Upside(folder, **settings), make_net=watched)
    plain = [images.flip(-2) for images, _ in CifarLoader(folder, **settings)]
    assert all(torch.equal(seen, expected) for seen, expected in zip(watched.seen, plain * 2, strict=True))


def test_its_usual_draws_are_those_of_the_trainings_seed(folder: Path) -> None:
    class Usual(CifarLoader):
        def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
            yield from super().__iter__()

    assert same(trained(Usual(folder, **SETTINGS)), trained(CifarLoader(folder, **SETTINGS)))


def test_its_length_schedules_the_steps(folder: Path) -> None:
    seen = list[int]()

    class Counted(Listed):
        def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
            for images, labels in super().__iter__():
                seen.append(len(labels))
                yield images, labels

    own = Counted(folder, batch_size=50, device="cpu")
    trained(own, epochs=1.5)
    # Six steps, though batches of 50 would be three.
    assert seen == [24] * 6
    # It does not count its epochs, and neither does a training.
    assert own.epoch == 0


def test_a_warm_up_takes_one_batch_of_it(folder: Path) -> None:
    assert warmup94(Listed(folder, batch_size=50, device="cpu"), make_net=narrow, verbose=False) is None


@pytest.mark.parametrize(("said", "gives"), [(3, "more than 3"), (5, "4")])
def test_another_length_than_its_iterations_is_refused(folder: Path, said: int, gives: str) -> None:
    own = Miscounted(folder, batch_size=24, device="cpu")
    own.said = said
    with pytest.raises(UsageError) as caught:
        trained(own)
    assert str(caught.value) == (
        f"An iteration of the loader gives {gives} batches, and its length is {said}, by which rates are scheduled.\n"
        "Let its __len__ tell how many batches its __iter__ gives."
    )


def test_a_loaders_own_seed_is_its_own_again_after_a_training(folder: Path) -> None:
    def next_epoch(*, train_before: bool) -> list[int]:
        own = CifarLoader(folder, seed=8, **SETTINGS)
        if train_before:
            trained(own, epochs=1)
        return [label for _, labels in own for label in labels.tolist()]

    assert next_epoch(train_before=True) == next_epoch(train_before=False)


def halved(images: Tensor) -> Tensor:
    return normalised(images) / 2


def test_a_normalisation_of_ones_own_is_honoured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own, test_images = CifarLoader(folder, **SETTINGS), CifarLoader(folder, train=False, device="cpu")
    own.normalize = test_images.normalize = halved
    network = train94(own, epochs=8, make_net=narrow, seed=3)
    last = capsys.readouterr().out.splitlines()[-2]
    assert f"{evaluate(network, test_images):.4f}" in last

    # Filters whiten the images that the network gets.
    expected = torch.nn.Conv2d(3, 24, 2)
    whiten(expected, halved(own.images))
    torch.testing.assert_close(network.first.conv.weight.float(), expected.weight, rtol=0, atol=0.05)
    assert not torch.equal(infer(network, CifarLoader(folder, **SETTINGS)), infer(network, own))


def test_it_is_trained_on_images_of_that_normalisation(folder: Path) -> None:
    watched, own = Watched(), CifarLoader(folder, batch_size=32, shuffle=False, device="cpu")
    own.normalize = halved
    trained(own, epochs=1, make_net=watched)
    assert torch.equal(torch.cat(watched.seen), halved(own.images))


def test_images_come_as_a_loader_normalises_them_now(folder: Path) -> None:
    own = CifarLoader(folder, train=False, batch_size=40, device="cpu")
    (before, _), *_ = own
    own.normalize = halved
    (after, _), *_ = own
    assert torch.equal(after, before / 2)
