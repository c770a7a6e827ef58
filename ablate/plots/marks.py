"""Marks for many values at once that stay small in a file: clouds of dots as one path, and violins."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_GOLDEN = 0.6180339887498949
_OUTLINE_POINTS = 80


def dots(
    axes: Axes, x: FloatArray, y: FloatArray, *, colour: str, points: float, alpha: float, label: str = ""
) -> PathPatch:
    """Round dots of size `points` at `(n,)` places, as one artist with a pair of vertices a dot; the axes' limits are not touched."""
    vertices = np.repeat(np.column_stack([x, y]).astype(np.float64), 2, axis=0)
    codes = np.tile(np.array([Path.MOVETO, Path.LINETO], dtype=Path.code_type), len(x))
    path = Path(vertices, codes)
    # Simplification takes steps this short for noise, and dots with them.
    path.should_simplify = False
    patch = PathPatch(
        path,
        facecolor="none",
        edgecolor=colour,
        linewidth=points,
        capstyle="round",
        joinstyle="round",
        alpha=alpha,
        label=label,
        snap=False,
        zorder=2,
    )
    axes.add_artist(patch)
    return patch


def spread(count: int) -> FloatArray:
    """Offsets in (-0.5, 0.5) for values that would lie on each other: as even as random ones are not, and always the same."""
    return np.asarray((np.arange(1, count + 1) * _GOLDEN) % 1.0 - 0.5)


def violin(axes: Axes, values: FloatArray, place: float, half_width: float, *, colour: str, alpha: float) -> PathPatch:
    """The outline of a Gaussian kernel density of `values` `(n,)`, lying around `place` and ending at the extremes.

    The bandwidth is Scott's: D. W. Scott, "Multivariate Density Estimation", Wiley (1992), section 6.3. The axes' limits are not
    touched.
    """
    where = np.linspace(values.min(), values.max(), _OUTLINE_POINTS)
    bandwidth = values.std(ddof=1) * len(values) ** -0.2
    density = np.exp(-0.5 * ((where[:, None] - values[None, :]) / bandwidth) ** 2).sum(axis=1)
    height = half_width * density / density.max()
    outline = np.column_stack(
        [np.concatenate([where, where[::-1]]), np.concatenate([place - height, (place + height)[::-1]])]
    )
    patch = PathPatch(
        Path(outline, closed=False), facecolor=colour, edgecolor=colour, linewidth=0.8, alpha=alpha, zorder=1.5
    )
    axes.add_artist(patch)
    return patch


def thinned(count: int, most: int) -> Sequence[int]:
    """Every k-th of `count`, so that at most `most` are left."""
    return range(0, count, max(1, -(-count // most)))
