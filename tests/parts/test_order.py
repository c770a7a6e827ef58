import pytest
import torch
from torch import Tensor

from ablate.parts import AcrossEpochs, Order, Reshuffled, WithReplacement


def deal(order: Order, num_images: int, batch_size: int, *, pending: int = 0, seed: int = 0) -> tuple[Tensor, ...]:
    return order.deal(num_images, batch_size, num_images // batch_size, pending, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(("num_images", "batch_size", "dropped"), [(50, 12, 2), (48, 12, 0), (5, 5, 0)])
def test_reshuffled_deals_full_batches_of_different_images_and_drops_the_rest(
    num_images: int, batch_size: int, dropped: int
) -> None:
    runs = deal(Reshuffled(), num_images, batch_size)
    assert {len(run) for run in runs} == {batch_size}
    dealt = torch.cat(runs).tolist()
    assert len(set(dealt)) == len(dealt) == num_images - dropped
    assert set(dealt) <= set(range(num_images))


def test_what_is_dropped_differs_from_epoch_to_epoch() -> None:
    generator = torch.Generator().manual_seed(0)
    missing = [set(range(50)) - set(torch.cat(Reshuffled().deal(50, 12, 4, 0, generator)).tolist()) for _ in range(20)]
    assert len(set.union(*missing)) > 15


def test_with_replacement_draws_every_place_from_the_whole_set() -> None:
    runs = deal(WithReplacement(), 10, 3)
    assert [len(run) for run in runs] == [3, 3, 3]
    counts = torch.bincount(torch.cat(deal(WithReplacement(), 1000, 10)), minlength=1000)
    # 1/e of the images never come, give or take 15.
    assert 310 < (counts == 0).sum() < 430
    within = torch.cat([torch.stack(deal(WithReplacement(), 10, 5, seed=seed)) for seed in range(200)])
    assert any(len(set(batch.tolist())) < 5 for batch in within)
    # Each place is uniform over all images: 400 batches, so 40 of each, give or take 6.
    for place in range(5):
        assert torch.bincount(within[:, place], minlength=10).min() > 15


@pytest.mark.parametrize("pending", [0, 1, 7, 11])
def test_across_epochs_deals_every_image_once_and_completes_the_waiting_batch_first(pending: int) -> None:
    runs = deal(AcrossEpochs(), 50, 12, pending=pending)
    lengths = [len(run) for run in runs]
    assert lengths[0] == 12 - pending
    assert set(lengths[1:-1]) == {12}
    assert 0 < lengths[-1] <= 12
    assert sorted(torch.cat(runs).tolist()) == list(range(50))


def test_a_batch_may_wait_for_more_than_one_epoch() -> None:
    (run,) = deal(AcrossEpochs(), 7, 7, pending=0)
    assert sorted(run.tolist()) == list(range(7))
    (short,) = AcrossEpochs().deal(5, 12, 0, 4, torch.Generator().manual_seed(0))
    assert sorted(short.tolist()) == list(range(5))


@pytest.mark.parametrize("order", [Reshuffled(), WithReplacement(), AcrossEpochs()], ids=str)
def test_an_order_is_its_streams(order: Order) -> None:
    one, again, other = (torch.cat(deal(order, 60, 9, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert not torch.equal(one.sort().values, one)
