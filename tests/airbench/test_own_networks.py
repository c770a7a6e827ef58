"""Networks that are none of the package's own, trained and asked as airbench does."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ablate.airbench import CifarLoader, evaluate, infer, train93, train94, train95, train96, warmup94
from ablate.errors import UsageError
from ablate.parts.augment import normalised
from tests.airbench.plain_training import train_plainly, whiten


def plain_loader(folder: Path, **settings: Any) -> CifarLoader:
    """Of which every iteration is the same."""
    return CifarLoader(folder, **{"batch_size": 20, "drop_last": False, "shuffle": False, "device": "cpu", **settings})


def own_network(kernel: int = 2, *, frozen: bool = True) -> nn.Sequential:
    """A network with a norm by name, in float32."""
    torch.manual_seed(5)
    filters = 6 * kernel**2
    network = nn.Sequential(
        OrderedDict(
            first=nn.Conv2d(3, filters, kernel),
            activation=nn.GELU(),
            pool=nn.MaxPool2d(6),
            norm=nn.BatchNorm2d(filters),
            flat=nn.Flatten(),
            head=nn.Linear(filters * 25, 10),
        )
    )
    network.first.weight.requires_grad_(not frozen)
    network.norm.weight.requires_grad_(False)
    return network


def test_it_is_trained_as_airbench_does_short_last_batches_too(folder: Path) -> None:
    own, again = plain_loader(folder), plain_loader(folder)
    expected = own_network()
    sizes = train_plainly(
        expected,
        again,
        normalised(again.images),
        steps_per_epoch=5,
        batch_size=20,
        epochs=2.5,
        bias_epochs=1,
    )
    assert sizes == [20, 20, 20, 20, 16] * 2 + [20] * 3
    made = own_network()
    trained = train94(own, epochs=2.5, whiten_bias_epochs=1, make_net=lambda: made, verbose=False)
    assert trained is made
    assert not trained.training
    assert own.epoch == 3
    before = own_network().state_dict()
    for name, value in expected.state_dict().items():
        # The weakest directions depend on the order in which patches are summed.
        tolerance = 5e-3 if name == "first.weight" else 2e-4
        torch.testing.assert_close(trained.state_dict()[name], value, rtol=0, atol=tolerance)
        assert name == "norm.weight" or not torch.equal(value, before[name])


@pytest.mark.parametrize("train", [train93, train94, train95, train96])
def test_every_training_takes_it_and_validates_it(
    train: Callable[..., nn.Module], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trained = train(plain_loader(folder), epochs=1, make_net=own_network)
    last = capsys.readouterr().out.splitlines()[-2]
    test_images = CifarLoader(folder, train=False, device="cpu")
    assert f"{evaluate(trained, test_images, 2):.4f}" in last
    assert type(trained) is nn.Sequential


def test_a_first_layer_of_another_size_is_whitened(folder: Path) -> None:
    own, expected = plain_loader(folder), own_network(kernel=3)
    trained = train94(own, epochs=4, make_net=lambda: own_network(kernel=3), verbose=False)
    whiten(expected[0], normalised(own.images))
    torch.testing.assert_close(trained[0].weight, expected[0].weight, rtol=0, atol=0.05)


def test_filters_that_are_not_frozen_are_trained_on_from_the_whitened_ones(folder: Path) -> None:
    own, whitened = plain_loader(folder), own_network()
    trained = train94(own, epochs=4, make_net=lambda: own_network(frozen=False), verbose=False)
    whiten(whitened[0], normalised(own.images))
    distance = (trained[0].weight - whitened[0].weight).norm() / whitened[0].weight.norm()
    assert 0 < distance < 1


def test_a_warm_up_takes_it(folder: Path) -> None:
    own = plain_loader(folder)
    assert warmup94(own, make_net=own_network, verbose=False) is None
    assert own.epoch == 0


def test_more_classes_than_cifar10s(folder: Path) -> None:
    own = plain_loader(folder)
    own.labels = own.labels + 3
    network = own_network()
    network.head = nn.Linear(600, 13)
    trained = train94(own, epochs=1, make_net=lambda: network, verbose=False)
    assert infer(trained, own).shape == (96, 13)


def test_it_predicts_in_its_own_dtype(folder: Path) -> None:
    own, network = plain_loader(folder), own_network().double().eval()
    expected = network(normalised(own.images).double()).detach()
    logits = infer(network, own)
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits, expected)


class Unindexed(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        raise AssertionError


WITHOUT_BIAS = nn.Sequential(nn.Conv2d(3, 24, 2, bias=False))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Unindexed(), "make_net gave Unindexed with nothing at [0], where this loop whitens a convolution"),
        (nn.Sequential(), "make_net gave Sequential with nothing at [0]"),
        (nn.Sequential(nn.Flatten(), nn.Linear(3072, 10)), "make_net gave Sequential with Flatten at [0]"),
        (nn.Sequential(nn.Conv2d(3, 32, 3)), "make_net gave Sequential with 32 filters of 3×3×3 at [0]"),
        (WITHOUT_BIAS, "make_net gave Sequential with a Conv2d without a bias at [0]"),
        (own_network()[:4], "make_net gave a network that makes shape (2, 24, 5, 5) of 2 images; let it give logits"),
        (None, "make_net gave NoneType; give a function that makes a torch.nn.Module."),
        (own_network().to("meta"), "make_net gave a network on meta, and the images are on cpu."),
    ],
)
def test_networks_that_cannot_be_trained_are_refused(folder: Path, made: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        train94(plain_loader(folder), epochs=1, make_net=lambda: made)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 2


def test_a_network_in_place_of_a_function_is_refused(folder: Path) -> None:
    with pytest.raises(UsageError, match="make_net is Sequential; give a function without arguments"):
        train94(plain_loader(folder), epochs=1, make_net=own_network())
