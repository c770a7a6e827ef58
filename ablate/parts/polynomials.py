"""Which polynomial each step of Newton-Schulz applies to the singular values."""

from abc import abstractmethod
from dataclasses import dataclass

from ablate.parts.newton_schulz import NewtonSchulz, Quintic
from ablate.parts.part import Part


@dataclass(frozen=True, kw_only=True)
class SeparateSteps(NewtonSchulz):
    """The iteration with coefficients of its own at `each` step; `a`, `b` and `c` are the first's."""

    each: tuple[Quintic, ...]

    def quintics(self) -> tuple[Quintic, ...]:
        """As given."""
        return self.each


@dataclass(frozen=True, kw_only=True)
class StepPolynomials(Part):
    """Slot: the polynomials of Newton-Schulz, step by step."""

    @abstractmethod
    def iteration(self, tuned: NewtonSchulz) -> NewtonSchulz:
        """What is run in place of the iteration that the recipe's numbers say."""


@dataclass(frozen=True, kw_only=True)
class SamePolynomial(StepPolynomials):
    """One polynomial at every step, the recipe's."""

    def iteration(self, tuned: NewtonSchulz) -> NewtonSchulz:
        """As it is."""
        return tuned


@dataclass(frozen=True, kw_only=True)
class TwoPolynomials(StepPolynomials):
    """Two steps with a polynomial each, which together keep singular values nearer to 1 than any one polynomial applied twice.

    `first` is the p = a·x + b·x³ + c·x⁵ that minimises e₁ = max |p(x) - 1| over x in [0.03, 1]; `second` minimises e₂ over
    [1 - e₁, 1 + e₁], all that the first leaves. The best pair is made of best polynomials one after the other, because the second
    cannot do better on a wider range (arXiv:2505.16932, theorem 4.1). With these e₁ = 0.780 and e₂ = 0.380: singular values of 0.03
    and more, of a matrix of norm 1, end in 1 ± 0.380. Three steps of airbench's tuned polynomial leave 1 ± 0.360 of those from 0.02
    on, and one polynomial twice at best 1 ± 0.540 of those from 0.03 on.
    """

    first: Quintic = (7.3625, -20.7435, 15.1606)
    second: Quintic = (2.9175, -2.1824, 0.4755)

    def iteration(self, tuned: NewtonSchulz) -> NewtonSchulz:
        """The two, whatever is tuned."""
        a, b, c = self.first
        return SeparateSteps(a=a, b=b, c=c, steps=2, each=(self.first, self.second))
