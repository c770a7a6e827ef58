"""Words beside a mark: what they are, and a line to it where they stand apart."""

from matplotlib.axes import Axes

from ablate.plots import text
from ablate.plots.sheet import Sheet, mask


def write_label(
    axes: Axes,
    on: Sheet,
    word: str,
    middle: tuple[float, float],
    place: tuple[float, float],
    size: tuple[float, float],
    *,
    strong: bool,
) -> None:
    """Write `word` about its `middle` for the mark at `place`, both in points from the lower left corner of axes of that `size`."""
    far = max(abs(middle[0] - place[0]) - text.block_width(word, on.small) / 2, abs(middle[1] - place[1]) - on.small)
    leader = {"arrowstyle": "-", "color": on.theme.muted, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}
    axes.annotate(
        word,
        xy=(place[0] / size[0], place[1] / size[1]),
        xycoords="axes fraction",
        xytext=(middle[0] / size[0], middle[1] / size[1]),
        textcoords="axes fraction",
        ha="center",
        va="center",
        fontsize=on.small,
        color=on.theme.ink if strong else on.theme.muted,
        arrowprops=leader if far > 1.6 * on.points else None,
        annotation_clip=False,
        zorder=5,
        bbox=mask(on),
    )


def with_seconds(name: str, seconds: float, width_points: float, points: float) -> str:
    """A name and its time to three digits, in lines no wider than asked for; the number and its unit stay on one line."""
    time, words = f"{seconds:.3g} s", text.wrap(name, width_points, points)
    beside = f"{words}: {time}"
    return beside if text.block_width(beside, points) <= width_points else f"{words}\n{time}"


def label_size(word: str, on: Sheet) -> tuple[float, float]:
    """The width and height of a label in points, with a little to spare for renderers that set type wider."""
    return 1.04 * text.block_width(word, on.small) + 1.5, text.line_count(word) * on.small * text.LINE_HEIGHT
