"""Text in figures: how wide it is, and where it may break."""

import re
from collections.abc import Iterable
from functools import lru_cache

from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

LINE_HEIGHT = 1.22
"""From one baseline to the next, as a multiple of the size of the type."""

_METRICS = TextToPath()
# Not inside numbers and dates: 2,000, 0.85 and 2025-09-30 stay whole.
_PIECE = re.compile(r"[^\w\s]*(?:[^\s_\-+/,.]|[\-+/,.](?=\d))*[\s_\-+/,.]*")


@lru_cache(maxsize=8192)
def line_width(text: str, points: float, weight: str = "normal") -> float:
    """The width of one line, in points, in the figures' own typeface (the substitutes in other people's viewers are narrower)."""
    width, _, _ = _METRICS.get_text_width_height_descent(
        text, FontProperties(family="DejaVu Sans", size=points, weight=weight), ismath=False
    )
    return float(width)


def block_width(text: str, points: float, weight: str = "normal") -> float:
    """The width of the widest line, in points."""
    return max((line_width(line, points, weight) for line in text.split("\n")), default=0.0)


def widest(texts: Iterable[str], points: float, weight: str = "normal") -> float:
    """The width of the widest of several texts, in points; 0 without any."""
    return max((block_width(text, points, weight) for text in texts), default=0.0)


def line_count(text: str) -> int:
    """How many lines a text takes."""
    return text.count("\n") + 1


def pieces(text: str) -> list[str]:
    """The text cut where a line may end: after spaces, underscores, hyphens, pluses, slashes, commas and points."""
    return [piece for piece in _PIECE.findall(text) if piece]


def wrap(text: str, width_points: float, points: float, weight: str = "normal") -> str:
    """The text in lines no wider than `width_points`; a word that is wider by itself is broken."""
    lines: list[str] = []
    line = ""
    for piece in pieces(text):
        if line and line_width((line + piece).rstrip(), points, weight) > width_points:
            lines.append(line.rstrip())
            line = ""
        line += piece
        while line_width(line.rstrip(), points, weight) > width_points and len(line.rstrip()) > 1:
            fitting = _fitting(line, width_points, points, weight)
            lines.append(line[:fitting].rstrip())
            line = line[fitting:]
    lines.append(line.rstrip())
    return "\n".join(line for line in lines if line) or text


def balanced(text: str, width_points: float, points: float, weight: str = "normal") -> str:
    """`wrap`, in narrower lines where the last one would be a word alone and that costs no line more."""
    wrapped = wrap(text, width_points, points, weight)
    for percent in range(98, 70, -2):
        if "\n" not in wrapped or " " in wrapped.rpartition("\n")[2]:
            return wrapped
        narrower = wrap(text, width_points * percent / 100, points, weight)
        if line_count(narrower) == line_count(wrapped) and " " in narrower.rpartition("\n")[2]:
            return narrower
    return wrapped


def _fitting(line: str, width_points: float, points: float, weight: str) -> int:
    """How many characters fit, at least one."""
    count = 1
    while count < len(line) and line_width(line[: count + 1], points, weight) <= width_points:
        count += 1
    return count


def as_sentence(remark: str) -> str:
    """A remark with a capital and a full stop; "" stays nothing."""
    remark = remark.strip()
    if not remark:
        return ""
    if not remark.startswith("n ="):
        remark = remark[0].upper() + remark[1:]
    return remark if remark.endswith((".", "!", "?")) else f"{remark}."
