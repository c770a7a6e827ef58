from dataclasses import replace

import pytest
import torch

from ablate.lineages.loading import load_registry
from ablate.parts import ByBatch, Feeding, NoCompile, WholeEpoch
from ablate.recipes.muon import MuonRecipe
from ablate.training.session import Streams

REGISTRY = load_registry()
CPU = torch.device("cpu")


def recipe(*features: str) -> MuonRecipe:
    composed = REGISTRY.compose(features)
    assert isinstance(composed, MuonRecipe)
    return replace(composed, compiler=NoCompile())


@pytest.mark.parametrize("epoch", [0, 1])
@pytest.mark.parametrize("features", [(), ("vectorised_crop",), ("vectorised_crop", "brightness_contrast")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_batches_are_those_of_the_whole_epoch_to_the_bit(
    epoch: int, features: tuple[str, ...], dtype: torch.dtype
) -> None:
    slots, padded = recipe(*features), torch.rand(40, 3, 36, 36).to(dtype)
    order = torch.randperm(40)

    def batches(feeding: Feeding) -> list[torch.Tensor]:
        batch = feeding.epoch(slots, padded, epoch, Streams(3, CPU))
        return [batch(places) for places in order.split(16)]

    whole, by_batch = batches(WholeEpoch()), batches(ByBatch())
    assert [len(batch) for batch in by_batch] == [16, 16, 8]
    assert all(torch.equal(one, other) for one, other in zip(whole, by_batch, strict=True))


def test_the_streams_go_on_alike_whatever_was_asked_for() -> None:
    slots, padded = recipe("vectorised_crop", "brightness_contrast"), torch.rand(10, 3, 36, 36)
    streams = {feeding: Streams(3, CPU) for feeding in (WholeEpoch(), ByBatch())}
    for feeding, drawn in streams.items():
        feeding.epoch(slots, padded, 0, drawn)
    after = [[drawn[slot].get_state() for slot in ("crop", "jitter")] for drawn in streams.values()]
    assert all(torch.equal(one, other) for one, other in zip(*after, strict=True))
