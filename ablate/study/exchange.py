"""Arms in place of those that cannot be: an exchange algorithm that keeps average effects precise. Free of torch."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ablate.study.levels import Matrix, levels_of

_NO_GAIN = 1e-9
"""What is rounding in the logarithm of a determinant."""


@dataclass(frozen=True)
class Exchange:
    """Chooses, from `candidates`, arms beside the `kept` ones that make the determinant of the averages' model largest."""

    players: Sequence[str]
    kept: Sequence[frozenset[str]]
    candidates: Sequence[frozenset[str]]
    _rows: Matrix = field(init=False)
    _fixed: Matrix = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rows", self._model(self.candidates))
        object.__setattr__(self, "_fixed", self._model(self.kept))

    def choose(self, count: int) -> list[frozenset[str]]:
        """The best `count` candidates that exchanges one at a time can find, or all where there are fewer; always the same ones."""
        if count >= len(self.candidates):
            return list(self.candidates)
        chosen: list[int] = []
        for _ in range(count):
            chosen.append(self._best(chosen)[0])
        improved = True
        while improved:
            improved = False
            for place in range(count):
                others = [*chosen[:place], *chosen[place + 1 :]]
                best, gained = self._best(others)
                if gained > self._log_determinant([*others, chosen[place]]) + _NO_GAIN:
                    chosen[place] = best
                    improved = True
        return [self.candidates[index] for index in chosen]

    def efficiency(self, chosen: Sequence[frozenset[str]]) -> float:
        """How precise the averages are, relative to as many arms of an orthogonal design."""
        rows = np.vstack([self._fixed, self._model(chosen)])
        parameters = rows.shape[1]
        sign, log_determinant = np.linalg.slogdet(rows.T @ rows)
        return float(np.exp(log_determinant / parameters) / len(rows)) if sign > 0 else 0.0

    def _model(self, arms: Sequence[frozenset[str]]) -> Matrix:
        return np.column_stack([np.ones(len(arms)), levels_of(arms, self.players)])

    def _information(self, chosen: Sequence[int]) -> Matrix:
        rows = np.vstack([self._fixed, self._rows[list(chosen)]])
        # A little of everything, so that the first few arms have a determinant to compare.
        return np.asarray(rows.T @ rows + 1e-6 * np.eye(rows.shape[1]))

    def _log_determinant(self, chosen: Sequence[int]) -> float:
        return float(np.linalg.slogdet(self._information(chosen))[1])

    def _best(self, chosen: Sequence[int]) -> tuple[int, float]:
        """The candidate that adds most to the chosen ones, and the log determinant with it."""
        information = self._information(chosen)
        added = np.log1p(np.einsum("ij,jk,ik->i", self._rows, np.linalg.inv(information), self._rows))
        added[list(chosen)] = -np.inf
        # Rounded, so that ties go to the first on every machine.
        best = int(np.argmax(np.round(added, 9)))
        return best, float(np.linalg.slogdet(information)[1] + added[best])
