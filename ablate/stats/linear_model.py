"""The linear model of a screening: every name's average effect from all trials at once, by least squares."""

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ablate.stats.intervals import FloatArray, TInterval, interval_around
from ablate.study.levels import inseparable

Codes: TypeAlias = NDArray[np.int64]

FEWEST_DEGREES = 5
"""Fewer degrees of freedom of the trials around their arms' own means, and the model's are taken instead."""


@dataclass(frozen=True)
class Averages:
    """The linear model of a screening for trials of given arms and groups: an effect a name, a level a group.

    `columns` `(n, names)` is 1/2 where a trial's arm has the name on, else -1/2; `group` `(n,)` says what trials share beside their
    arm (a block, or a round within a process), `arm` `(n,)` which arm each is of. `estimate` takes values `(..., n)`.
    """

    columns: FloatArray
    arm: Codes
    group: Codes

    @cached_property
    def _within(self) -> FloatArray:
        return _centred(self.columns.T, self.group).T

    @cached_property
    def _inverse(self) -> FloatArray:
        return np.asarray(np.linalg.pinv(self._within, rcond=1e-9))

    @cached_property
    def inseparable(self) -> NDArray[np.bool_]:
        """`(names, names)`: see `ablate.study.levels.inseparable`."""
        return inseparable(self._within)

    @cached_property
    def estimable(self) -> NDArray[np.bool_]:
        """Which names' effects `(names,)` the trials tell from all others."""
        return ~np.diagonal(self.inseparable)

    def estimate(self, values: FloatArray) -> FloatArray:
        """The average effects `(..., names)` by least squares, NaN where a name cannot be told from others."""
        return np.where(self.estimable, values @ self._inverse.T, np.nan)

    def interval(self, values: FloatArray) -> TInterval:
        """The effects with their t-intervals, each trial a draw of its own around its arm's mean and its group's level.

        The spread is that of the trials around arm and group, which names that work together do not widen; where few arms were
        trained twice, that around the model. `n` is its degrees of freedom and one, `sd` such that sd / √n is the standard error.
        """
        basis, degrees = self._spread
        mean = self.estimate(values)
        if degrees < 1:
            nothing = np.full(mean.shape, np.nan)
            return TInterval(1, mean, nothing, nothing, nothing, nothing)
        rest = _centred(values, self.group)
        rest = rest - (rest @ basis) @ basis.T
        spread = np.sqrt((rest**2).sum(axis=-1, keepdims=True) / degrees)
        error = spread * np.sqrt((self._inverse**2).sum(axis=1))
        return interval_around(mean, np.where(np.isfinite(mean), error, np.nan), degrees)

    @cached_property
    def _spread(self) -> tuple[FloatArray, int]:
        """An orthonormal basis `(n, rank)` of what explains values around their groups' means, and the degrees of freedom it leaves."""
        free = len(self.arm) - len(np.unique(self.group))
        around_arms = _basis(_centred(_indicators(self.arm).T, self.group).T)
        if free - around_arms.shape[1] >= FEWEST_DEGREES:
            return around_arms, free - around_arms.shape[1]
        around_model = _basis(self._within)
        return around_model, free - around_model.shape[1]


def _indicators(codes: Codes) -> FloatArray:
    names, index = np.unique(codes, return_inverse=True)
    return np.eye(len(names))[index]


def _centred(values: FloatArray, codes: Codes) -> FloatArray:
    """Values `(..., n)` minus the mean of those that share their code."""
    _, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    sums = np.add.reduceat(values[..., np.argsort(index, kind="stable")], starts, axis=-1)
    return np.asarray(values - (sums / counts)[..., index])


def _basis(columns: FloatArray) -> FloatArray:
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, sizes > 1e-9 * max(columns.shape) * sizes.max(initial=0.0)])
