import pytest
import torch
from torch import Tensor

from ablate.parts import (
    BatchedNewtonSchulz,
    GramMatrices,
    LoopedNewtonSchulz,
    NewtonSchulz,
    NoCompile,
    TwoPolynomials,
    WholeMatrices,
)
from ablate.parts.newton_schulz import iterated, iterated_by_grams, orthogonalise_matrix, orthogonalise_padded

BASELINE = NewtonSchulz(a=3.4445, b=-4.7750, c=2.0315)
TUNED = NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843)
TWO = TwoPolynomials().iteration(TUNED)
FILTER_SHAPES = [(64, 24, 3, 3), (64, 64, 3, 3), (256, 64, 3, 3), *[(256, 256, 3, 3)] * 3]
MATRIX_SHAPES = [(64, 216), (64, 576), (256, 576), (256, 2304), (256, 2304), (256, 2304)]

# What three steps make of a singular value, from the two recipes' fact sheets.
MAPPED = {0.01: (0.400, 0.405), 0.02: (0.751, 0.759), 0.05: (1.202, 1.219), 0.1: (0.707, 0.803), 0.2: (0.815, 1.081)}
MAPPED |= {0.3: (0.969, 0.925), 0.5: (0.824, 0.971), 0.7: (1.088, 0.837), 1.0: (0.721, 0.799)}


def by_singular_values(update: Tensor, iteration: NewtonSchulz) -> Tensor:
    """The same iteration on singular values: U·S·Vᵀ becomes U·f(S)·Vᵀ = U·(f(S)/S)·Uᵀ·(U·S·Vᵀ) for the odd polynomial f."""
    matrix = update.flatten(1).double()
    matrix = matrix / matrix.square().sum().sqrt()
    squares, vectors = torch.linalg.eigh(matrix @ matrix.T)
    values = before = squares.clamp(min=1e-24).sqrt()
    for a, b, c in iteration.quintics():
        values = a * values + b * values**3 + c * values**5
    return (vectors @ torch.diag(values / before) @ vectors.T @ matrix).reshape(update.shape)


@pytest.fixture(scope="module")
def updates() -> list[Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(shape, generator=generator) for shape in FILTER_SHAPES]


def test_the_six_filters_have_the_published_matrix_shapes(updates: list[Tensor]) -> None:
    assert [tuple(update.flatten(1).shape) for update in updates] == MATRIX_SHAPES


@pytest.mark.parametrize("iteration", [BASELINE, TUNED, TWO], ids=["baseline", "tuned", "two"])
def test_one_padded_batch_gives_what_each_matrix_gives_alone(updates: list[Tensor], iteration: NewtonSchulz) -> None:
    batched = BatchedNewtonSchulz().orthogonalise(updates, iteration, NoCompile())
    for update, together in zip(updates, batched, strict=True):
        alone = orthogonalise_matrix(update.flatten(1), iteration.quintics())
        expected = by_singular_values(update, iteration).float()
        assert together.shape == update.shape
        torch.testing.assert_close(alone.view(update.shape), expected, atol=2e-5, rtol=1e-3)
        torch.testing.assert_close(together, expected, atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize("shapes", [[(48, 2, 3, 3)], [(48, 2, 3, 3), (5, 3, 2, 2), (7, 1, 1, 1)]])
def test_tall_matrices_are_iterated_the_short_way_round(shapes: list[tuple[int, ...]]) -> None:
    updates = [torch.randn(shape) for shape in shapes]
    together = orthogonalise_padded(updates, BASELINE.quintics())
    for update, batched in zip(updates, together, strict=True):
        alone = orthogonalise_matrix(update.flatten(1), BASELINE.quintics())
        expected = by_singular_values(update, BASELINE).float()
        torch.testing.assert_close(alone.view(update.shape), expected, atol=2e-5, rtol=1e-3)
        torch.testing.assert_close(batched, expected, atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize(("before", "after"), MAPPED.items())
def test_singular_values_go_where_the_sheets_say(before: float, after: tuple[float, float]) -> None:
    # One singular value of the wanted size; a second one carries the rest of the unit norm.
    matrix = torch.diag(torch.tensor([before, (1 - before**2) ** 0.5], dtype=torch.float64))
    for iteration, expected in zip((BASELINE, TUNED), after, strict=True):
        mapped = orthogonalise_matrix(matrix, iteration.quintics())[0, 0].item()
        assert mapped == pytest.approx(expected, abs=6e-4)


@pytest.mark.parametrize(("iteration", "lowest", "highest"), [(BASELINE, 0.68, 1.20), (TUNED, 0.80, 1.36)])
def test_values_from_a_twentieth_up_end_near_one(iteration: NewtonSchulz, lowest: float, highest: float) -> None:
    mapped = [by_singular_values(torch.eye(1).view(1, 1, 1, 1), iteration).item()]
    for value in torch.linspace(0.05, 0.9999, 400).tolist():
        matrix = torch.diag(torch.tensor([value, (1 - value**2) ** 0.5], dtype=torch.float64))
        mapped.append(orthogonalise_matrix(matrix, iteration.quintics())[0, 0].item())
    assert lowest - 0.005 < min(mapped) < lowest + 0.02
    assert highest - 0.02 < max(mapped) < highest + 0.005


def test_the_loop_works_in_bfloat16_and_the_batch_in_the_compute_dtype() -> None:
    updates = [torch.randn(8, 4, 3, 3), torch.randn(16, 8, 3, 3)]
    looped = LoopedNewtonSchulz().orthogonalise(updates, BASELINE, NoCompile())
    assert {direction.dtype for direction in looped} == {torch.bfloat16}
    for update, direction in zip(updates, looped, strict=True):
        torch.testing.assert_close(direction.double(), by_singular_values(update, BASELINE), atol=0.03, rtol=0.1)
    for dtype in (torch.float32, torch.float16):
        batched = BatchedNewtonSchulz().orthogonalise([update.to(dtype) for update in updates], BASELINE, NoCompile())
        assert {direction.dtype for direction in batched} == {dtype}


def test_a_gradient_of_zeros_gives_no_update_and_no_nan() -> None:
    updates = [torch.zeros(8, 4, 3, 3)]
    for orthogonaliser in (LoopedNewtonSchulz(), BatchedNewtonSchulz()):
        assert orthogonaliser.orthogonalise(updates, TUNED, NoCompile())[0].count_nonzero() == 0


@pytest.mark.parametrize("iteration", [TUNED, TWO], ids=["tuned", "two"])
def test_on_gram_matrices_the_same_comes_out(updates: list[Tensor], iteration: NewtonSchulz) -> None:
    by_grams = GramMatrices().applied(BatchedNewtonSchulz())
    assert by_grams != BatchedNewtonSchulz() == WholeMatrices().applied(BatchedNewtonSchulz())
    for update, direction in zip(updates, by_grams.orthogonalise(updates, iteration, NoCompile()), strict=True):
        torch.testing.assert_close(direction, by_singular_values(update, iteration).float(), atol=2e-5, rtol=1e-3)


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("shape", [(2, 8, 12), (3, 8, 40), (1, 8, 8)])
def test_gram_matrices_go_where_matrices_go_step_by_step(shape: tuple[int, ...], steps: int) -> None:
    x = torch.randn(shape, dtype=torch.float64)
    x = x / x.norm(dim=(1, 2), keepdim=True)
    quintics = (*TWO.quintics(), (1.5, -0.5, 0.0), (1.875, -1.25, 0.375), (1.5, -0.5, 0.0))[:steps]
    torch.testing.assert_close(iterated_by_grams(x, quintics), iterated(x, quintics), rtol=1e-10, atol=1e-10)


# The last two: how many times what it does to the matrices, and the largest share in bfloat16.
@pytest.mark.parametrize(("iteration", "times", "share"), [(TUNED, 1.6, 0.04), (TWO, 3.0, 0.07)], ids=["tuned", "two"])
@pytest.mark.parametrize("spectrum", ["flat", "power", "exponential", "one large"])
def test_rounding_does_little_more_where_two_steps_share_a_gram_matrix(
    spectrum: str, iteration: NewtonSchulz, times: float, share: float
) -> None:
    generator = torch.Generator().manual_seed(1)
    rank = torch.arange(64, dtype=torch.float64)
    values = {
        "flat": torch.ones(64),
        "power": 1 / (rank + 1),
        "exponential": torch.exp(-rank / 8),
        "one large": torch.where(rank == 0, 1.0, 0.01),
    }[spectrum]
    left = torch.linalg.qr(torch.randn(64, 64, dtype=torch.float64, generator=generator))[0]
    right = torch.linalg.qr(torch.randn(216, 64, dtype=torch.float64, generator=generator))[0]
    matrix = ((left * (values / values.norm())) @ right.T)[None]
    quintics = iteration.quintics()
    for dtype, most in ((torch.bfloat16, share), (torch.float32, 3e-6)):
        x = matrix.to(dtype)
        exact = iterated(x.double(), quintics)
        plain, by_grams = ((form(x, quintics).double() - exact).norm() for form in (iterated, iterated_by_grams))
        assert by_grams <= times * plain
        assert by_grams <= most * exact.norm()


def test_the_loop_has_no_form_on_gram_matrices() -> None:
    assert GramMatrices().applied(LoopedNewtonSchulz()) == LoopedNewtonSchulz()
