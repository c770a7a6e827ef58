"""No format may lose what another shows: every mark of every kind of figure is there in PNG, SVG and PDF."""

import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from PIL import Image

from ablate import plots
from ablate.plots.saving import PNG_DOTS_PER_INCH
from ablate.study import ladder
from tests.plots.cases import GROUPS, SMALL, Case
from tests.plots.looking import figure_of
from tests.plots.material import SLUGS, trials_of

CASES = [*SMALL, *(case for case in GROUPS if case.name in ("waterfall beside published", "shapley with ladder"))]
CLOSE = 0.16
"""Two colours nearer than this in each channel are one to the eye; edges are smoothed."""


def panels(figure: Figure) -> Iterator[Axes]:
    for axes in figure.axes:
        yield axes
        yield from axes.child_axes


def marked_lines(figure: Figure) -> list[Line2D]:
    """Lines with markers, clouds of dots among them; not the caps of whiskers, which are drawn with an edge."""
    artists = [artist for axes in panels(figure) for artist in axes.get_children() if isinstance(artist, Line2D)]
    return [line for line in artists if line.get_marker() not in ("None", None, "", "|", "_")]


def bars(figure: Figure) -> list[Rectangle]:
    """Bars and cells that fill some of their axes."""
    found = [artist for axes in panels(figure) for artist in axes.get_children() if isinstance(artist, Rectangle)]
    return [
        bar
        for bar in found
        if bar.get_visible() and bar.get_facecolor()[3] > 0.1 and bar not in [axes.patch for axes in panels(figure)]
    ]


def mark_colour(line: Line2D) -> np.ndarray:
    edge = line.get_markeredgecolor() if line.get_markeredgewidth() else line.get_markerfacecolor()
    return on_white((*to_rgb(edge), line.get_alpha() or 1.0))


def on_white(colour: object) -> np.ndarray:
    red, green, blue, alpha = to_rgba(colour)
    return np.array([red, green, blue]) * alpha + 1 - alpha


def rendered(figure: Figure, path: Path) -> bytes:
    return plots.save(figure, path).read_bytes()


def near(picture: np.ndarray, x: float, y: float, reach: int) -> np.ndarray:
    """The pixels `(n, 3)` around a place in inches from the lower left corner, as fractions."""
    column, row = round(x * PNG_DOTS_PER_INCH), picture.shape[0] - 1 - round(y * PNG_DOTS_PER_INCH)
    square = picture[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    return np.asarray(square.reshape(-1, 3))


def shows(pixels: np.ndarray, colour: np.ndarray) -> bool:
    return bool((np.abs(pixels - colour) < CLOSE).all(axis=1).any())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_png_shows_every_mark_and_every_bar_where_it_is(case: Case, tmp_path: Path) -> None:
    figure = figure_of(case.draw())
    content = rendered(figure, tmp_path / "figure.png")
    picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"), dtype=np.float64) / 255
    figure.canvas.draw()
    seen = 0
    lines = marked_lines(figure)
    # A mark may lie below another; then that one is seen in its place.
    colours = [mark_colour(line) for line in lines]
    for line in lines:
        for x, y in line.axes.transData.transform(line.get_xydata()) / figure.dpi:
            pixels = near(picture, x, y, 9)
            assert any(shows(pixels, colour) for colour in colours), f"{line.get_label()} at {x:.2f}, {y:.2f} in"
            seen += 1
    for bar in bars(figure):
        box = bar.get_window_extent().get_points() / figure.dpi
        assert np.abs(near(picture, *box.mean(axis=0), 4) - 1).max() > 0.02, f"no bar at {box.tolist()}"
        seen += 1
    assert seen > 1


VECTORS = [
    # Fonts take long to put into a PDF.
    pytest.param(
        case, ending, marks=pytest.mark.slow if ending == "pdf" and case not in CASES[:2] else (), id=f"{case}-{ending}"
    )
    for case in CASES
    for ending in ("svg", "pdf")
]


@pytest.mark.parametrize(("case", "ending"), VECTORS)
def test_vector_formats_hold_an_element_for_every_mark(case: Case, ending: str, tmp_path: Path) -> None:
    figure = figure_of(case.draw())
    lines = marked_lines(figure)
    marks = sum(len(line.get_xydata()) for line in lines)
    whole = painted(rendered(figure, tmp_path / f"whole.{ending}"), ending)
    for line in lines:
        line.set_marker("None")
    without = painted(rendered(figure, tmp_path / f"without.{ending}"), ending)
    assert whole - without == marks
    areas = bars(figure)
    for bar in areas:
        bar.remove()
    bare = painted(rendered(figure, tmp_path / f"bare.{ending}"), ending)
    assert without - bare >= len(areas)
    assert marks + len(areas) > 1


def painted(content: bytes, ending: str) -> int:
    """How many shapes a file paints, each time it does: paths, and shapes that are defined once and placed often."""
    if ending == "svg":
        drawn = re.sub(rb"<defs>.*?</defs>", b"", content, flags=re.DOTALL)
        return drawn.count(b"<use ") + drawn.count(b"<path ")
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    pages = [zlib.decompress(stream) for stream in streams if stream[:1] == b"x"]
    # The page's own stream sets the colour space first; those of fonts and markers do not.
    (page,) = [text for text in pages if text.startswith(b"/DeviceRGB")]
    return len(re.findall(rb"(?m)(?:^|\s)(?:f|S|s|B|b|/M\d+ Do)\s*$", page))


def test_a_distribution_has_a_dot_for_every_trial_in_every_format(tmp_path: Path) -> None:
    frame = trials_of(ladder(SLUGS), blocks=8, processes=4)
    dots = 3 * len(frame)
    arms = frame["arm"].nunique()
    figure = figure_of(plots.distribution(frame))
    assert sum(len(line.get_xydata()) for line in marked_lines(figure)) == dots + 2 * arms
    picture = np.asarray(Image.open(io.BytesIO(rendered(figure, tmp_path / "d.png"))).convert("RGB")) / 255
    figure.canvas.draw()
    clouds = [line for line in marked_lines(figure) if line.get_markeredgewidth() == 0]
    places = np.concatenate([line.axes.transData.transform(line.get_xydata()) / figure.dpi for line in clouds])
    assert len(places) == dots
    assert all(np.ptp(near(picture, x, y, 6), axis=1).max() > 0.1 for x, y in places), "a dot without colour"
