from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.parts import (
    AlternatingFlip,
    BrightnessContrast,
    ByBatch,
    Compiler,
    Feeding,
    Flip,
    GatheredCrop,
    Jitter,
    LoopedCrop,
    NoCompile,
    NoFlip,
    NoJitter,
    RandomFlip,
    WholeEpoch,
)
from ablate.parts import feeding as feeding_module
from ablate.parts.feeding import augmented
from ablate.recipes.muon import MuonRecipe
from ablate.training.session import Streams

REGISTRY = load_registry()
CPU = torch.device("cpu")
COLOURS = BrightnessContrast(brightness=0.14, contrast=0.13)


def recipe(**slots: Any) -> MuonRecipe:
    composed = REGISTRY.compose(["vectorised_crop"])
    assert isinstance(composed, MuonRecipe)
    return replace(composed, compiler=NoCompile(), **slots)


def images(number: int, dtype: torch.dtype) -> Tensor:
    made = torch.rand(number, 32, 32, 3, generator=torch.Generator().manual_seed(1))
    return made.to(dtype).permute(0, 3, 1, 2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("jitter", [NoJitter(), COLOURS], ids=["plain", "jittered"])
@pytest.mark.parametrize("flip", [NoFlip(), AlternatingFlip(), RandomFlip()], ids=["as it is", "alternating", "random"])
@pytest.mark.parametrize("reach", [0, 2, 5])
def test_batches_are_those_of_the_whole_epoch_to_the_bit(
    reach: int, flip: Flip, jitter: Jitter, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeding_module, "_CHUNK_IMAGES", 16)
    slots = recipe(crop=GatheredCrop(reach=reach), flip=flip, jitter=jitter)
    order, seen = torch.randperm(40), {}
    for feeding in (WholeEpoch(), ByBatch()):
        epochs = feeding.epochs(slots, images(40, dtype), Streams(3, CPU))
        batches = [epochs(epoch) for epoch in range(3)]
        seen[feeding] = [batch(places) for batch in batches for places in order.split(16)]
    by_batch = seen[ByBatch()]
    assert [len(batch) for batch in by_batch] == 3 * [16, 16, 8]
    assert all(batch.is_contiguous(memory_format=torch.channels_last) for batch in by_batch)
    for one, other in zip(seen[WholeEpoch()], by_batch, strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=0)


@pytest.mark.parametrize("flip", [AlternatingFlip(), RandomFlip()], ids=["alternating", "random"])
def test_the_streams_go_on_alike_whatever_was_asked_for(flip: Flip) -> None:
    slots, after = recipe(flip=flip, jitter=COLOURS), []
    for feeding in (WholeEpoch(), ByBatch()):
        streams = Streams(3, CPU)
        epochs = feeding.epochs(slots, images(10, torch.float32), streams)
        epochs(0)
        epochs(1)
        after.append([streams[slot].get_state() for slot in ("crop", "flip", "jitter")])
    assert all(torch.equal(one, other) for one, other in zip(*after, strict=True))


def test_a_batch_is_one_pass_over_its_own_images() -> None:
    """Dynamo finds one graph without a break, and nothing in it is as long as the set but what says what to do to each image."""
    slots, sizes = recipe(jitter=COLOURS), []

    def watched(graph: torch.fx.GraphModule, inputs: list[Tensor]) -> Any:
        sizes.extend(
            tuple(node.meta["example_value"].shape)
            for node in graph.graph.nodes
            if node.op.startswith("call") and isinstance(node.meta.get("example_value"), Tensor)
        )
        return graph.forward

    class Watching(NoCompile):
        def function(self, function: Any, mode: str | None) -> Any:
            return torch.compile(function, backend=watched, fullgraph=True) if function is augmented else function

    epochs = ByBatch().epochs(replace(slots, compiler=Watching()), images(40, torch.float32), Streams(0, CPU))
    assert epochs(1)(torch.randperm(40)[:7]).shape == (7, 3, 32, 32)
    assert {shape for shape in sizes if len(shape) == 4} >= {(7, 32, 32, 3), (7, 3, 32, 32), (7, 1, 1, 1)}
    assert {shape[0] for shape in sizes} == {7}, "nothing is done to images that were not asked for"


@dataclass(frozen=True, kw_only=True)
class Greys(Jitter):
    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Compiler) -> Tensor:
        return images_NCHW.mean(1, keepdim=True).expand_as(images_NCHW)


@dataclass(frozen=True, kw_only=True)
class FlipInThirds(AlternatingFlip):
    def each_epoch(self, images_NCHW: Tensor, epoch: int, generator: torch.Generator) -> Tensor:
        return images_NCHW.flip(-1) if epoch % 3 == 1 else images_NCHW


@dataclass(frozen=True, kw_only=True)
class CentreCrop(GatheredCrop):
    def draw(self, num_images: int, generator: torch.Generator) -> Tensor:
        return torch.full((num_images, 2), self.reach)


@pytest.mark.parametrize(
    ("slots", "words"),
    [
        (
            {"jitter": Greys()},
            "the jitter Greys makes, which does not say what it does to single images: write its `per_image`,",
        ),
        ({"flip": FlipInThirds()}, "the flip FlipInThirds makes, .* write its `chosen_once` and `chosen_each_epoch`,"),
        ({"crop": LoopedCrop()}, "the crop LoopedCrop makes, .* write its `windows`, or exclude one by the other"),
    ],
)
def test_parts_that_say_nothing_of_single_images_are_refused_by_batch_alone(slots: dict[str, Any], words: str) -> None:
    known = recipe(**slots)
    with pytest.raises(UsageError, match=f"^ByBatch cannot feed what {words}"):
        replace(known, feeding=ByBatch())


def test_a_part_that_changes_its_draws_alone_is_fed() -> None:
    slots = recipe(crop=CentreCrop(), flip=NoFlip())
    assert replace(slots, feeding=ByBatch()).feeding.why_not(slots) is None
    batches = [
        feeding.epochs(slots, images(6, torch.float32), Streams(0, CPU))(0)(torch.arange(6))
        for feeding in (WholeEpoch(), ByBatch())
    ]
    assert torch.equal(*batches)


def test_a_feeding_of_ones_own_takes_what_it_is_given() -> None:
    class Own(WholeEpoch):
        pass

    feeding: Feeding = Own()
    assert feeding.why_not(recipe(jitter=Greys())) is None
