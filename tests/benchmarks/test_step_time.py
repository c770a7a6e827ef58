"""The step benchmark compares like with like: the bare loop, written independently, trains as ours does."""

import statistics

import pytest
import torch
from bare_loop import BareNet
from step_time import Sides, durations, get_ready, paired_ratios, summary
from torch import nn

from ablate.parts import PRESETS, Scale
from ablate.training.muon_loop import reset_network
from ablate.training.session import Streams


@pytest.fixture
def sides(monkeypatch: pytest.MonkeyPatch) -> Sides:
    monkeypatch.setitem(PRESETS, "tiny", Scale(width=0.125, batch=0.01))
    torch.manual_seed(3)
    return get_ready("tiny", 6, compiled=False, dtype=torch.float32)


def copy_weights(sides: Sides, bare: BareNet, seed: int) -> None:
    """The starting values that our training with this seed begins from."""
    network = sides.compiled.network
    reset_network(network, Streams(seed, torch.device("cpu"))["init"])
    mine = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]
    order = [network.whiten]
    for group in network.groups:
        order += [group.conv1, group.norm1, group.conv2, group.norm2]
    order.append(network.head)
    theirs = [module for module in bare.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]
    assert len(mine) == len(order) == len(theirs)
    for source, target in zip(order, theirs, strict=True):
        target.load_state_dict(source.state_dict())


def test_both_sides_have_the_same_losses_step_by_step(sides: Sides) -> None:
    copy_weights(sides, sides.bare, seed=5)
    seen = sides.watch(seed=5)
    # The whitening filters are set inside our training; the bare loop is given them, since it times steps alone.
    with torch.no_grad():
        sides.bare.whiten.weight.copy_(sides.compiled.network.whiten.weight)
    images = torch.cat([batch for batch, _ in seen.batches])
    labels = torch.cat([batch for _, batch in seen.batches])
    batches = list(torch.arange(len(images)).split(sides.plan.batch_size))
    _, losses = sides.training().run(images, labels, batches)
    assert [loss.item() for loss in seen.losses] == pytest.approx(losses, rel=1e-4)
    assert losses[0] == pytest.approx(seen.losses[0].item(), rel=1e-5)
    assert len(losses) == 6


def test_a_block_gives_a_time_for_every_step_but_the_first(sides: Sides) -> None:
    assert len(sides.ours()) == len(sides.theirs()) == 5
    assert durations([1.0, 2.0, 4.0, 8.0]) == [2.0, 4.0]


def test_ratios_pair_neighbouring_blocks(sides: Sides, monkeypatch: pytest.MonkeyPatch) -> None:
    order = []

    def block(name: str, seconds: float) -> list[float]:
        order.append(name)
        return [seconds] * 5

    monkeypatch.setattr(Sides, "ours", lambda self: block("ours", 1.2))
    monkeypatch.setattr(Sides, "theirs", lambda self: block("bare", 1.0))
    ratios, ours, bare = paired_ratios(sides, rounds=2)
    assert order == ["ours", "bare", "bare", "ours"] * 2
    assert ratios == pytest.approx([1.2] * 4)
    assert (len(ours), len(bare), statistics.median(ours)) == (20, 20, 1.2)
    assert "1.200 to 1.200: MISSES" in summary(ratios, ours, bare)
