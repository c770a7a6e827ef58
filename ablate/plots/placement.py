"""Labels beside points, none on another and none outside: tried near first, then farther, always in the same order.

By hand: adjustText pushes labels apart as far as it gets, so that in a crowd some still overlap, lie on marks or stick out of the
axes; it cannot leave out the one that has no room, and takes a hundred times as long.
"""

from collections.abc import Sequence
from math import copysign, cos, pi, sin
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle, in points."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Whether the two share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def inside(self, other: "Box") -> bool:
        """Whether no part of this one lies outside the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


_DIRECTIONS = tuple(eighth * pi / 4 for eighth in (1, 7, 3, 5, 0, 4, 2, 6))
"""Above right first, as in an atlas; then the other diagonals, then the sides."""

_SHORT_STEP = 3.0
"""In points: so little that in a few steps nothing comes between a label and its point."""

_DIAGONALS = _DIRECTIONS[:4]
_SIDES_FIRST = (*_DIRECTIONS[4:6], *_DIAGONALS, *_DIRECTIONS[6:])


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    bounds: Box,
    *,
    mark: float,
    rings: int,
    obstacles: Sequence[Box] = (),
    others: Sequence[tuple[float, float]] = (),
    cross: bool = True,
) -> list[tuple[float, float] | None]:
    """The middle of each label, all in points: near its point, inside `bounds`, on no mark of size `mark` and no other label.

    `others` are points without a label, whose marks are kept free too.
    Within the nearer half of the `rings` steps it also keeps off the `obstacles`. Without `cross` it never lies on those, and
    stands beside its point rather than diagonally from it, there with its corner nearest. A label that finds no place gets None.
    """
    taken = [Box(x - mark / 2, y - mark / 2, x + mark / 2, y + mark / 2) for x, y in (*points, *others)]
    found: list[tuple[float, float] | None] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        found.append(None)
        step = max(2.0, 0.35 * height) if cross else _SHORT_STEP
        distances = [mark / 2 + 1.5 + ring * step for ring in range(rings)]
        careful = distances[: (rings + 1) // 2] if cross else distances
        tries = [(distance, (*taken, *obstacles)) for distance in careful]
        tries += [(distance, tuple(taken)) for distance in distances if cross]
        for distance, avoided in tries:
            middle = _free(x, y, width, height, distance, bounds, avoided, corners=not cross)
            if middle is not None:
                found[-1] = middle
                taken.append(box_about(middle, (width, height)))
                break
    return found


def _free(
    x: float,
    y: float,
    width: float,
    height: float,
    distance: float,
    bounds: Box,
    taken: Sequence[Box],
    *,
    corners: bool,
) -> tuple[float, float] | None:
    for angle in _SIDES_FIRST if corners else _DIRECTIONS:
        across, up = cos(angle), sin(angle)
        if corners and angle in _DIAGONALS:
            middle = (x + across * distance + copysign(width / 2, across), y + up * distance + copysign(height / 2, up))
        else:
            middle = (x + across * (distance + width / 2), y + up * (distance + height / 2))
        box = box_about(middle, (width, height))
        if box.inside(bounds) and not any(box.overlaps(other) for other in taken):
            return middle
    return None


def box_about(middle: tuple[float, float], size: tuple[float, float]) -> Box:
    """The box of that size about its middle."""
    (x, y), (width, height) = middle, size
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def spread_apart(middles: Sequence[float], heights: Sequence[float], *, low: float, high: float) -> list[float]:
    """The middles of a column's labels, `heights` high, moved as little apart as keeps them off each other and inside the ends.

    Neighbours that touch move together, about the mean of where they belong. Labels that are higher than all the room together
    start at `low` and reach past `high`.
    """
    order = sorted(range(len(middles)), key=lambda index: middles[index])
    # Each cluster: its labels from the lowest up, and where its lower edge is.
    clusters: list[tuple[list[int], float]] = []
    for index in order:
        members, bottom = [index], _bottom([index], middles, heights, low, high)
        while clusters and clusters[-1][1] + sum(heights[each] for each in clusters[-1][0]) > bottom:
            members = [*clusters.pop()[0], *members]
            bottom = _bottom(members, middles, heights, low, high)
        clusters.append((members, bottom))
    found = list(middles)
    for members, bottom in clusters:
        for index in members:
            found[index] = bottom + heights[index] / 2
            bottom += heights[index]
    return found


def _bottom(
    members: Sequence[int], middles: Sequence[float], heights: Sequence[float], low: float, high: float
) -> float:
    """The lower edge of labels stacked upon each other, closest to where they belong."""
    stacked, wished = 0.0, 0.0
    for index in members:
        wished += middles[index] - stacked - heights[index] / 2
        stacked += heights[index]
    return max(min(wished / len(members), high - stacked), low)
