from collections.abc import Iterator

import pytest
import torch
import torch._dynamo as dynamo
from torch import Tensor, nn

from ablate.parts import (
    BatchedNewtonSchulz,
    BatchesByShape,
    CompileModel,
    Compiler,
    FilterStep,
    ListwiseUpdates,
    NewtonSchulz,
    NoCompile,
    OneBatch,
    StepAsOne,
    StepInParts,
    UpdateBatches,
)
from ablate.parts.filter_step import felt_factor
from ablate.parts.optimiser import Muon
from ablate.training.compilation import count_compiles

SHAPES = [(8, 3, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3), (16, 16, 3, 3), (16, 16, 3, 3)]
STEPS = 6
EVERY_DTYPE = [torch.float32, torch.bfloat16, torch.float16, torch.float64]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    dynamo.reset()


def muon_of(
    filters: list[nn.Parameter],
    filter_step: FilterStep,
    compiler: Compiler,
    decay: float = 0.02,
    batches: UpdateBatches = OneBatch(),
) -> Muon:
    return Muon(
        filters,
        orthogonaliser=BatchedNewtonSchulz(),
        updates=ListwiseUpdates(),
        iteration=NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843),
        momentum=0.655,
        decay=decay,
        compiler=compiler,
        batches=batches,
        filter_step=filter_step,
    )


def trained(
    filter_step: FilterStep,
    dtype: torch.dtype,
    compiler: Compiler,
    *,
    layout: torch.memory_format = torch.channels_last,
    decay: float = 0.02,
    batches: UpdateBatches = OneBatch(),
) -> tuple[list[nn.Parameter], list[Tensor]]:
    """Filters and momentum buffers after a few steps, every second of which scales the filters first."""
    generator = torch.Generator().manual_seed(3)

    def drawn(shape: tuple[int, ...]) -> Tensor:
        return torch.randn(shape, generator=generator).to(dtype).contiguous(memory_format=layout)

    filters = [nn.Parameter(drawn(shape)) for shape in SHAPES]
    muon = muon_of(filters, filter_step, compiler, decay, batches)
    for step in range(STEPS):
        for weight in filters:
            weight.grad = drawn(tuple(weight.shape))
        muon.step(0.205 * (1 - step / STEPS), step % 2 == 1)
    return filters, muon.buffers


def distance(one: Tensor, other: Tensor) -> float:
    """Relative, in the Frobenius norm."""
    return ((one.double() - other.double()).norm() / other.double().norm()).item()


@pytest.mark.parametrize("compiler", [NoCompile(), CompileModel()], ids=["eager", "compiled"])
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format], ids=["channels last", "plain"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.bfloat16, 0.02)])
def test_one_graph_gives_what_the_pieces_give_to_rounding(
    dtype: torch.dtype, tolerance: float, layout: torch.memory_format, compiler: Compiler
) -> None:
    one_filters, one_buffers = trained(StepAsOne(), dtype, compiler, layout=layout)
    filters, buffers = trained(StepInParts(), dtype, NoCompile(), layout=layout)
    for one, plain in zip([*one_filters, *one_buffers], [*filters, *buffers], strict=True):
        assert one.dtype == dtype
        assert one.stride() == plain.stride()
        assert distance(one, plain) <= tolerance


def test_no_step_compiles_anything_but_the_first() -> None:
    filters = [nn.Parameter(torch.randn(8, 4, 3, 3))]
    muon = muon_of(filters, StepAsOne(), CompileModel(), batches=BatchesByShape())

    def step(rate: float, normalise: bool) -> None:
        filters[0].grad = torch.randn(8, 4, 3, 3)
        muon.step(rate, normalise)

    step(0.2, False)
    compiled = count_compiles()
    for rate in (0.1, 0.05, 1e-9):
        step(rate, True)
        step(rate / 2, False)
    assert compiled().nothing
    another = muon_of(filters, StepAsOne(), CompileModel(), batches=BatchesByShape())
    filters[0].grad = torch.randn(8, 4, 3, 3)
    another.step(0.1, False)
    assert compiled().nothing


def test_a_filter_without_a_gradient_is_left_alone() -> None:
    filters = [nn.Parameter(torch.randn(8, 4, 3, 3)), nn.Parameter(torch.randn(8, 8, 3, 3))]
    before = filters[0].detach().clone()
    muon = muon_of(filters, StepAsOne(), NoCompile())
    filters[1].grad = torch.randn(8, 8, 3, 3)
    muon.step(0.2, True)
    assert torch.equal(filters[0], before)
    assert not muon.buffers[0].any()
    assert muon.buffers[1].any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_decay_that_no_weight_of_the_dtype_feels_is_left_out_and_no_other(dtype: torch.dtype) -> None:
    # Every positive weight of the dtype: all bit patterns but the infinities and what is no number.
    weights = torch.arange(2**15, dtype=torch.int16).view(dtype)
    weights = weights[weights.isfinite()]
    unfelt = torch.finfo(dtype).eps / 4
    for decay in (0.0, unfelt / 3, unfelt * (1 - 1e-3), unfelt):
        assert felt_factor(decay, dtype) == 1.0
        assert torch.equal((weights.float() * (1 - decay)).to(dtype), weights)
        assert torch.equal(torch._foreach_mul([weights], 1 - decay)[0], weights)
    felt = unfelt * (1 + 1e-3)
    assert felt_factor(felt, dtype) == 1 - felt
    assert not torch.equal((weights.float() * (1 - felt)).to(dtype), weights)


def test_the_published_decay_is_felt_for_62_or_63_steps_in_half_precision_and_never_in_bfloat16() -> None:
    rates = [0.205 * (1 - step / 243) for step in range(243)]
    decays = [rate * 1.0418e-6 * 1536 for rate in rates]
    assert [felt_factor(decay, torch.float16) < 1 for decay in decays] == [step < 63 for step in range(243)]
    assert all(felt_factor(decay, torch.bfloat16) == 1 for decay in decays)
    assert all(felt_factor(decay, torch.float32) == 1 - decay for decay in decays)
