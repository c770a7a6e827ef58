import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog

from ablate.parts import (
    BatchedNewtonSchulz,
    LoopedNewtonSchulz,
    NewtonSchulz,
    NoCompile,
    SamePolynomial,
    TwoPolynomials,
)
from ablate.parts.newton_schulz import Quintic

TUNED = NewtonSchulz(a=3.4576, b=-4.7391, c=2.0843)
TWO = TwoPolynomials().iteration(TUNED)


def applied(iteration: NewtonSchulz, values: NDArray[np.float64]) -> NDArray[np.float64]:
    for a, b, c in iteration.quintics():
        values = a * values + b * values**3 + c * values**5
    return values


def best_quintic(least: float, most: float) -> tuple[Quintic, float]:
    """The odd quintic nearest to 1 over a range, and its largest distance: a linear programme over many points of it."""
    values = (least + most) / 2 - (most - least) / 2 * np.cos(np.linspace(0, np.pi, 2000))
    powers = np.stack([values, values**3, values**5, np.zeros_like(values)], axis=1)
    distance = np.array([0.0, 0.0, 0.0, 1.0])
    bounds = np.concatenate([powers - distance, -powers - distance])
    limits = np.repeat([1.0, -1.0], len(values))
    a, b, c, error = linprog(distance, A_ub=bounds, b_ub=limits, bounds=[(None, None)] * 4).x
    return (a, b, c), error


def test_the_two_polynomials_are_the_best_one_after_the_other() -> None:
    first, error = best_quintic(0.03, 1.0)
    assert TwoPolynomials().first == pytest.approx(first, rel=1e-4)
    second, left = best_quintic(1 - error, 1 + error)
    assert TwoPolynomials().second == pytest.approx(second, rel=1e-4)
    reached = applied(TWO, np.geomspace(0.03, 1.0, 5000))
    assert (error, left) == pytest.approx((0.780, 0.380), abs=5e-4)
    assert (reached.min(), reached.max()) == pytest.approx((0.620, 1.380), abs=1e-3)
    three = applied(TUNED, np.geomspace(0.02, 1.0, 5000))
    assert np.abs(three - 1).max() == pytest.approx(0.360, abs=5e-4)


def test_matrices_go_through_both() -> None:
    assert SamePolynomial().iteration(TUNED) is TUNED
    updates = [
        torch.randn(shape, generator=torch.Generator().manual_seed(5)) for shape in ((8, 3, 3, 3), (16, 8, 3, 3))
    ]
    for orthogonaliser, tolerance in ((BatchedNewtonSchulz(), 1e-4), (LoopedNewtonSchulz(), 0.05)):
        for update, found in zip(updates, orthogonaliser.orthogonalise(updates, TWO, NoCompile()), strict=True):
            left, values, right = torch.linalg.svd(update.flatten(1) / update.norm(), full_matrices=False)
            wanted = left @ torch.diag(torch.from_numpy(applied(TWO, values.numpy()))) @ right
            torch.testing.assert_close(found.flatten(1).float(), wanted, atol=tolerance, rtol=0)
