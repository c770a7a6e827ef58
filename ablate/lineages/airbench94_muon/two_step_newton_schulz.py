"""A step of the iteration less."""

from ablate.parts import TwoPolynomials
from ablate.recipes.feature import Feature

FEATURE = Feature(
    name="two_step_newton_schulz",
    group="optimiser",
    summary="Two Newton-Schulz steps, each with the polynomial that is best at its place, instead of three with the same.",
    patch={"polynomials": TwoPolynomials()},
    source="this package, after arXiv:2505.16932",
    optional=True,
)
