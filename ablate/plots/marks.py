"""Marks for many values at once that stay small in a file: clouds of dots as one path, and violins."""

from collections.abc import Mapping, Sequence

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


def violins(axes: Axes, samples: Mapping[float, FloatArray], half_width: float, *, colour: str, alpha: float) -> None:
    """A Gaussian kernel density of each of `samples`, `(n,)` by its place, with Scott's bandwidth, ending at the extremes."""
    if not samples:
        return
    # Loaded here: it takes pyplot and a second with it, and only many trials need it.
    import seaborn

    # Seaborn takes a width as a share of the smallest gap between places.
    gap = float(np.diff(sorted(samples)).min()) if len(samples) > 1 else 1.0
    seaborn.violinplot(
        x=np.concatenate(list(samples.values())),
        y=np.repeat(list(samples), [len(values) for values in samples.values()]),
        orient="y",
        native_scale=True,
        inner=None,
        cut=0,
        density_norm="width",
        gridsize=_OUTLINE_POINTS,
        width=2 * half_width / gap,
        color=colour,
        saturation=1,
        linecolor=colour,
        linewidth=0.8,
        ax=axes,
        alpha=alpha,
        zorder=1.5,
    )


def thinned(count: int, most: int) -> Sequence[int]:
    """Every k-th of `count`, so that at most `most` are left."""
    return range(0, count, max(1, -(-count // most)))
