import pytest
import torch
from torch import Tensor

from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.parts import (
    AirbenchNet,
    BatchedNewtonSchulz,
    BatchesByShape,
    FilterStep,
    Float32Norms,
    FreezeFirstGroup,
    Freezing,
    Gelu,
    GrowingSizes,
    ListwiseUpdates,
    NewtonSchulz,
    NoCompile,
    NothingFrozen,
    Scale,
    StepAsOne,
    StepInParts,
    SurvivingMaps,
)
from ablate.parts.network import WhitenedConvNet, reset_network
from ablate.parts.optimiser import Muon, coupled_sgd
from ablate.recipes.feature import Feature


def build() -> WhitenedConvNet:
    network = AirbenchNet().build(
        scale=Scale(width=0.125),
        activation=Gelu(),
        norm_momentum=0.4,
        precision=Float32Norms(),
        compute_dtype=torch.float32,
        device=torch.device("cpu"),
    )
    reset_network(network, torch.Generator().manual_seed(0))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        network.whiten.weight.copy_(torch.randn(network.whiten.weight.shape, generator=generator) / 4)
    return network.train()


def images(step: int) -> Tensor:
    return torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(10 + step))


def weigh(logits: Tensor) -> Tensor:
    """A loss that no two logits enter alike."""
    return (logits * torch.linspace(-1, 1, logits.numel()).view_as(logits).sin()).sum()


@pytest.mark.parametrize(
    ("part", "num_steps", "num_frozen"),
    [
        (NothingFrozen(), 5, 0),
        (FreezeFirstGroup(), 10, 1),
        (FreezeFirstGroup(), 243, 24),
        (FreezeFirstGroup(share=0.5), 3, 2),
        (FreezeFirstGroup(share=0.01), 10, 0),
    ],
)
def test_the_last_share_of_the_steps_is_frozen(part: Freezing, num_steps: int, num_frozen: int) -> None:
    assert part.frozen_groups(num_steps) == (0,) * (num_steps - num_frozen) + (1,) * num_frozen


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5])
def test_a_share_that_freezes_nothing_or_all_is_refused(share: float) -> None:
    patch = {"freezing": FreezeFirstGroup(share=share)}
    feature = Feature(name="own", group="beyond", summary="Own.", patch=patch, source="here", optional=True)
    with pytest.raises(UsageError, match=rf"'share' is {share}: it takes more than 0 and less than 1\."):
        load_registry().extended([feature])


@pytest.mark.parametrize("train_whitening_bias", [True, False])
@pytest.mark.parametrize("frozen_groups", [1, 2, 3])
def test_frozen_groups_have_no_gradient_and_all_else_is_as_without(
    frozen_groups: int, train_whitening_bias: bool
) -> None:
    free, frozen = build(), build()
    logits = free(images(0), train_whitening_bias), frozen(images(0), train_whitening_bias, frozen_groups)
    assert torch.equal(*logits)
    for each in logits:
        weigh(each).backward()
    below = ("whiten.", *(f"groups.{group}." for group in range(frozen_groups)))
    for (name, one), other in zip(free.named_parameters(), frozen.parameters(), strict=True):
        if name.startswith(below) or not one.requires_grad:
            assert other.grad is None, name
        else:
            assert one.grad is not None, name
            assert one.grad.count_nonzero() > 0, name
            assert torch.equal(one.grad, other.grad), name  # type: ignore[arg-type]
    # Batch statistics go on, and so do their running averages.
    at_first, after = dict(build().named_buffers()), dict(frozen.named_buffers())
    for name, statistic in free.named_buffers():
        assert torch.equal(after[name], statistic), name
        assert not torch.equal(after[name], at_first[name]), name


def test_a_compiled_step_has_the_eager_ones_gradients_and_none_of_what_is_frozen() -> None:
    """Compiled as far as gradients go: what traces them decides whether a frozen filter has none, or zeros that Muon would follow."""
    eager, compiled = build(), build()
    for network in (eager, compiled):
        network.pool_with(SurvivingMaps(least_saved=0))

    def step(images_NCHW: Tensor, frozen_groups: int) -> Tensor:
        return weigh(compiled(images_NCHW, True, frozen_groups))

    small = GrowingSizes().resized(images(0), 24, NoCompile())
    torch.compile(step, backend="aot_eager", fullgraph=True, dynamic=False)(small, 1).backward()
    torch.compiler.reset()
    weigh(eager(small, True, 1)).backward()
    for (name, one), other in zip(eager.named_parameters(), compiled.parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None), name
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-5, atol=1e-5)
    assert compiled.filters()[1].grad is None
    assert compiled.filters()[2].grad is not None


def test_predictions_of_a_network_need_no_gradients_whatever_is_frozen() -> None:
    network = build()
    with torch.no_grad():
        assert not network(images(0)).requires_grad
        assert not network(images(0), True, 1).requires_grad
    assert network(images(0), True, 1).requires_grad
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("filter_step", [StepInParts(), StepAsOne()], ids=["in parts", "as one"])
def test_the_optimisers_leave_a_frozen_group_and_its_momentum_alone_and_go_on_after_it(filter_step: FilterStep) -> None:
    network = build()
    sgd = coupled_sgd(
        [([network.whitening_bias], 0.05), (network.norm_biases(), 0.05), ([network.head.weight], 0.5)],
        momentum=0.85,
        decay=0.004,
    )
    muon = Muon(
        network.filters(),
        orthogonaliser=BatchedNewtonSchulz(),
        updates=ListwiseUpdates(),
        iteration=NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843),
        momentum=0.655,
        decay=0.0016,
        compiler=NoCompile(),
        batches=BatchesByShape(),
        filter_step=filter_step,
    )

    def state() -> tuple[list[Tensor], list[Tensor]]:
        """What is of the first group, and what is of the others: filters, momenta, norm biases, running statistics aside."""
        kept = ([*network.filters()], [*muon.buffers], network.norm_biases())
        first = [tensor.detach().clone() for tensors in kept for tensor in tensors[:2]]
        return first, [tensor.detach().clone() for tensors in kept for tensor in tensors[2:]]

    statistics = dict(network.named_buffers())["groups.0.norm1.running_mean"]
    for step, frozen_groups in enumerate([0, 0, 1, 1, 0]):
        first, others, mean = *state(), statistics.clone()
        weigh(network(images(step), False, frozen_groups)).backward()
        sgd.step()
        muon.step(0.2, True)
        network.zero_grad(set_to_none=True)
        first_after, others_after = state()
        for before, after in zip(first, first_after, strict=True):
            assert torch.equal(before, after) is (frozen_groups == 1), step
        assert not any(torch.equal(before, after) for before, after in zip(others, others_after, strict=True)), step
        assert not torch.equal(mean, statistics), step
