"""Arms as columns of two levels, and what such columns can and cannot keep apart. Free of torch."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ablate.study.arms import Arm

Matrix: TypeAlias = NDArray[np.float64]

_NONE = 1e-9
"""What is rounding in a correlation."""


def levels_of(arms: Iterable[frozenset[str]], names: Sequence[str]) -> Matrix:
    """`(arms, names)`: 1 where an arm has the name on, -1 where not."""
    return np.array([[1.0 if name in features else -1.0 for name in names] for features in arms]).reshape(
        -1, len(names)
    )


def inseparable(columns: Matrix) -> NDArray[np.bool_]:
    """`(names, names)` of centred columns `(n, names)`: which names' effects only sums of are known; a true diagonal: not known."""
    if columns.shape[1] == 0:
        return np.zeros((0, 0), dtype=np.bool_)
    _, sizes, rows = np.linalg.svd(columns, full_matrices=True)
    rank = int((sizes > 1e-9 * max(columns.shape) * max(sizes.max(initial=0.0), 1.0)).sum())
    null = rows[rank:]
    return np.asarray(np.abs(null.T @ null) > 1e-7, dtype=np.bool_)


def aliases(arms: Iterable[Arm], names: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """What moves with each name over these arms and so blurs its average: other names, and pairs as "X × Y", the strongest first."""
    listed = [arm.features for arm in arms]
    columns, pairs = levels_of(listed, names), list(combinations(range(len(names)), 2))
    every = np.column_stack([columns, *(columns[:, [one]] * columns[:, [other]] for one, other in pairs)])
    said = [*names, *(f"{names[one]} × {names[other]}" for one, other in pairs)]
    correlations = np.abs(_correlations(columns, every))
    found = {}
    for place, name in enumerate(names):
        strongest_first = np.argsort(-np.round(correlations[place], 9), kind="stable")
        found[name] = tuple(
            said[other] for other in strongest_first if other != place and correlations[place, other] > _NONE
        )
    return found


def resolution_of(arms: Iterable[Arm], names: Sequence[str]) -> int:
    """3 if some name moves with another or with a pair, 4 if only pairs move with pairs, 5 if nothing of these does."""
    listed = tuple(arms)
    if any(aliases(listed, names).values()):
        return 3
    columns = levels_of([arm.features for arm in listed], names)
    pairs = [columns[:, one] * columns[:, other] for one, other in combinations(range(len(names)), 2)]
    if not pairs:
        return 5
    among = np.abs(_correlations(np.column_stack(pairs), np.column_stack(pairs)))
    np.fill_diagonal(among, 0.0)
    return 4 if (among > _NONE).any() else 5


def _correlations(left: Matrix, right: Matrix) -> Matrix:
    """Of the columns of one with those of the other; 0 where one is constant."""
    if len(left) == 0:
        return np.zeros((left.shape[1], right.shape[1]))
    centred = [side - side.mean(axis=0) for side in (left, right)]
    scaled = []
    for side in centred:
        sizes = np.linalg.norm(side, axis=0)
        scaled.append(np.divide(side, sizes, out=np.zeros_like(side), where=sizes > _NONE))
    return np.asarray(scaled[0].T @ scaled[1])
