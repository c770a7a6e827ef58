"""Where labels go: beside points, and in a column."""

from itertools import pairwise

import pytest

from ablate.plots.placement import Box, box_about, place_labels, spread_apart

ROOM = Box(0.0, 0.0, 100.0, 100.0)


def test_without_crossing_a_label_stands_beside_its_point() -> None:
    (right,) = place_labels([(50.0, 50.0)], [(20.0, 8.0)], ROOM, mark=4.0, rings=3, cross=False)
    assert right == pytest.approx((63.5, 50.0))
    line = Box(50.0, 49.5, 100.0, 50.5)
    (left,) = place_labels([(50.0, 50.0)], [(20.0, 8.0)], ROOM, mark=4.0, rings=3, cross=False, obstacles=[line])
    assert left == pytest.approx((36.5, 50.0))


def test_what_would_cross_an_obstacle_gets_no_label() -> None:
    around = [
        Box(30.0, 30.0, 45.0, 70.0),
        Box(55.0, 30.0, 70.0, 70.0),
        Box(30.0, 55.0, 70.0, 70.0),
        Box(30, 30, 70, 45),
    ]
    options = {"mark": 4.0, "rings": 3, "obstacles": around}
    assert place_labels([(50.0, 50.0)], [(20.0, 8.0)], ROOM, cross=False, **options) == [None]
    assert place_labels([(50.0, 50.0)], [(20.0, 8.0)], ROOM, **options) != [None]


def test_labels_of_a_column_stay_where_they_belong_if_they_can() -> None:
    assert spread_apart([80.0, 20.0, 50.0], [10.0, 10.0, 10.0], low=0.0, high=100.0) == [80.0, 20.0, 50.0]


def test_labels_that_touch_share_the_way() -> None:
    assert spread_apart([50.0, 50.0], [10.0, 10.0], low=0.0, high=100.0) == [45.0, 55.0]
    assert spread_apart([2.0, 3.0, 99.0], [10.0, 20.0, 10.0], low=0.0, high=100.0) == [5.0, 20.0, 95.0]


def test_a_crowd_neither_overlaps_nor_leaves_the_column() -> None:
    middles = [12.0, 47.0, 47.5, 48.0, 52.0, 61.0, 95.0]
    heights = [10.0, 12.0, 8.0, 20.0, 10.0, 10.0, 10.0]
    found = spread_apart(middles, heights, low=0.0, high=100.0)
    boxes = [box_about((0.0, middle), (1.0, height)) for middle, height in zip(found, heights, strict=True)]
    assert [middle for middle, _ in sorted(zip(found, middles, strict=True))] == found
    for below, above in pairwise(boxes):
        assert below.top <= above.bottom + 1e-9
    assert boxes[0].bottom >= 0
    assert boxes[-1].top <= 100
