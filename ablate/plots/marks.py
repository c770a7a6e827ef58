"""Marks for many values at once: clouds of dots as one artist, and violins."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_GOLDEN = 0.6180339887498949
_OUTLINE_POINTS = 80


def dots(
    axes: Axes,
    x: FloatArray,
    y: FloatArray,
    *,
    colour: str,
    points: float,
    alpha: float,
    marker: str = "o",
    label: str = "",
) -> Line2D:
    """Marks of size `points` at `(n,)` places, as one artist; the axes' limits are not touched.

    Markers proper: every backend draws them, where zero-length strokes with round caps are left out by some.
    """
    cloud = Line2D(
        x,
        y,
        linestyle="none",
        marker=marker,
        markersize=points,
        markerfacecolor=colour,
        markeredgewidth=0,
        alpha=alpha,
        label=label,
        zorder=2,
    )
    cloud.set_transform(axes.transData)
    axes.add_artist(cloud)
    return cloud


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
