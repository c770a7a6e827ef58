"""What a test can see of a figure: its words, where they lie, and its artists."""

from itertools import combinations
from unittest.mock import patch
from weakref import WeakKeyDictionary

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

TOUCHING = 0.75
"""In pixels at 100 to the inch: boxes that share less do not overlap to the eye."""


_looked_at: WeakKeyDictionary[Figure, list[tuple[str, Bbox]]] = WeakKeyDictionary()


def visible_texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is drawn, with its box in pixels; ticks outside the axes' limits exist, but are not drawn."""
    if figure.stale or figure not in _looked_at:
        _looked_at[figure] = _texts_drawn(figure)
    return _looked_at[figure]


def _texts_drawn(figure: Figure) -> list[tuple[str, Bbox]]:
    drawn: dict[Text, None] = {}
    draw = Text.draw

    def seen(text: Text, renderer: object) -> None:
        if text.get_text().strip() and text.get_visible():
            drawn[text] = None
        draw(text, renderer)

    with patch.object(Text, "draw", seen):
        # Where the words are is wanted, not the picture.
        figure.draw_without_rendering()
    # Text's own box: that of an annotation would hold its arrow too.
    return [(text.get_text(), Text.get_window_extent(text)) for text in drawn]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that lie on each other."""
    found = []
    for (first, one), (second, other) in combinations(visible_texts(figure), 2):
        width = min(one.x1, other.x1) - max(one.x0, other.x0)
        height = min(one.y1, other.y1) - max(one.y0, other.y0)
        if width > TOUCHING and height > TOUCHING:
            found.append((first, second))
    return found


def cut(figure: Figure) -> list[str]:
    """Texts that reach over the figure's edge."""
    width, height = figure.bbox.width, figure.bbox.height
    return [
        words
        for words, box in visible_texts(figure)
        if box.x0 < -TOUCHING or box.y0 < -TOUCHING or box.x1 > width + TOUCHING or box.y1 > height + TOUCHING
    ]


def all_words(figure: Figure) -> str:
    """Every word on the figure, in one line."""
    return " ".join(" ".join(words.split()) for words, _ in visible_texts(figure))


def figure_of(axes: Axes) -> Figure:
    figure = axes.figure
    assert isinstance(figure, Figure)
    return figure
