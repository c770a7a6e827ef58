from itertools import islice

import pytest
import torch

from ablate.parts import EveryImage, LeastConfident, MostConfident, ProxySelection, RandomSubset, Subset, WholeSet

CONFIDENCES = torch.tensor([0.9, 0.1, 0.5, 0.7, 0.3, 0.2])


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def no_confidences(epochs: float) -> torch.Tensor:
    raise AssertionError("nobody is to be trained for this")


@pytest.mark.parametrize(("keep", "batch_size", "kept"), [(0.5, 1024, 512), (0.25, 10, 2), (0.01, 8, 1), (1.0, 7, 7)])
def test_the_largest_losses_are_chosen(keep: float, batch_size: int, kept: int) -> None:
    losses = torch.rand(batch_size, generator=stream(1))
    mask = ProxySelection(keep=keep).chosen(losses)
    expected = sorted(range(batch_size), key=lambda index: losses[index].item())[batch_size - kept :]
    assert mask.dtype == torch.bool
    assert mask.nonzero().flatten().tolist() == sorted(expected)
    assert ProxySelection(keep=keep).kept(batch_size) == kept


def test_equal_losses_do_not_change_how_many_are_chosen() -> None:
    assert ProxySelection().chosen(torch.zeros(10)).sum() == 5


def test_the_proxy_learns_at_every_fourth_step() -> None:
    assert [step for step in range(13) if ProxySelection().is_trained(step)] == [0, 4, 8, 12]
    assert all(ProxySelection(every=1).is_trained(step) for step in range(5))


def test_choices_are_what_the_proxy_leaves() -> None:
    selection, masks = ProxySelection(keep=0.25), [torch.tensor([True]), torch.tensor([False])]
    asked: list[ProxySelection] = []

    def run_proxy(proxy: ProxySelection) -> list[torch.Tensor]:
        asked.append(proxy)
        return masks

    assert list(selection.choices(run_proxy)) == masks
    assert asked == [selection] == list(selection.proxies())


def test_every_image_needs_no_proxy() -> None:
    def run_proxy(proxy: ProxySelection) -> list[torch.Tensor]:
        raise AssertionError("there is no proxy")

    assert EveryImage().proxies() == ()
    assert list(islice(EveryImage().choices(run_proxy), 3)) == [slice(None)] * 3


def test_the_whole_set_is_everything_in_storage_order() -> None:
    assert WholeSet().count(50_000) == 50_000
    assert WholeSet().choose(9, no_confidences, stream()) == slice(None)


@pytest.mark.parametrize(("fraction", "count"), [(0.5, 25_000), (0.299_996, 15_000), (1.0, 50_000), (1e-9, 1)])
def test_a_share_is_rounded_to_images(fraction: float, count: int) -> None:
    for kind in (RandomSubset, LeastConfident, MostConfident):
        assert kind(fraction=fraction).count(50_000) == count


def test_a_random_subset_is_drawn_from_its_stream() -> None:
    subset = RandomSubset(fraction=0.3)
    one, again, other = (subset.choose(100, no_confidences, stream(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    for indices in (one, other):
        assert len(indices) == 30
        assert (indices.diff() > 0).all(), "in storage order, each image once"
        assert indices[0] >= 0
        assert indices[-1] < 100


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        (LeastConfident(fraction=0.5), [1, 4, 5]),
        (MostConfident(fraction=0.5), [0, 2, 3]),
        (LeastConfident(fraction=1 / 6), [1]),
        (MostConfident(fraction=1 / 6), [0]),
    ],
    ids=str,
)
def test_subsets_by_confidence(subset: Subset, expected: list[int]) -> None:
    assert subset.choose(6, lambda epochs: CONFIDENCES, stream()).tolist() == expected


def test_the_confidences_are_those_of_a_training_of_the_subsets_length() -> None:
    asked: list[float] = []

    def confidences(epochs: float) -> torch.Tensor:
        asked.append(epochs)
        return CONFIDENCES

    LeastConfident(fraction=0.5).choose(6, confidences, stream())
    MostConfident(fraction=0.5, epochs=20).choose(6, confidences, stream())
    assert asked == [9.9, 20]


def test_least_and_most_confident_part_the_set() -> None:
    confidences = torch.rand(101, generator=stream(4))
    least = LeastConfident(fraction=0.4).choose(101, lambda epochs: confidences, stream())
    most = MostConfident(fraction=0.6).choose(101, lambda epochs: confidences, stream())
    assert sorted([*least.tolist(), *most.tolist()]) == list(range(101))
    assert confidences[least].max() <= confidences[most].min()
