"""Colours that can be told apart and read, by any eyes."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ablate.plots.style import DARK, LIGHT, THEMES, VERDICT_MARKS, Theme, font_points
from ablate.plots.text import block_width, line_width, pieces, wrap
from ablate.stats.verdicts import Verdict

# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency",
# IEEE TVCG 15 (2009) 1291-1298: severity 1.0, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour: str) -> np.ndarray:
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2: (L1 + 0.05) / (L2 + 0.05)."""
    first, second = (float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


every_theme = pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)


@every_theme
def test_text_and_marks_stand_out_from_the_background(theme: Theme) -> None:
    assert contrast(theme.ink, theme.background) > 12
    assert contrast(theme.muted, theme.background) > 4.5
    for colour in (theme.gain, theme.loss, theme.total, theme.settled, *theme.series):
        assert contrast(colour, theme.background) > 3


@every_theme
@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_what_must_be_told_apart_can_be(theme: Theme, deficiency: str) -> None:
    matrix = np.array(DEFICIENCIES[deficiency])
    for one, other in combinations((theme.gain, theme.loss, theme.total), 2):
        seen = [np.clip(matrix @ linear(colour), 0, 1) for colour in (one, other)]
        assert np.abs(np.sqrt(seen[0]) - np.sqrt(seen[1])).max() > 0.1, (one, other)


def test_verdicts_differ_by_shape_as_well() -> None:
    assert set(VERDICT_MARKS) == set(Verdict.__args__)
    shapes = {(mark.marker, mark.filled) for mark in VERDICT_MARKS.values()}
    assert len(shapes) == len(VERDICT_MARKS)


def test_each_light_colour_has_one_dark_one() -> None:
    pairs = {}
    for role in LIGHT.__slots__:
        light, dark = getattr(LIGHT, role), getattr(DARK, role)
        for one, other in zip(light, dark, strict=True) if role == "series" else [(light, dark)]:
            assert pairs.setdefault(one, other) == other, (role, one)


@pytest.mark.parametrize("width", [3.5, 7.0, 10.0, 40.0])
def test_type_is_readable_at_every_width(width: float) -> None:
    assert 7.0 <= font_points(width) <= 13.0


@pytest.mark.parametrize(
    "words",
    ["Test-Time Augmentation", "a_very_long_feature_name_indeed", "Donaudampfschifffahrt", "n = 2,000 (--x 5)", "x"],
)
def test_wrapped_text_fits_and_loses_nothing(words: str) -> None:
    for width in (20.0, 45.0, 300.0):
        wrapped = wrap(words, width, 7.0)
        assert block_width(wrapped, 7.0) <= width or all(len(line) == 1 for line in wrapped.split("\n"))
        assert wrapped.replace("\n", "").replace(" ", "") == words.replace(" ", "")


def test_numbers_dates_and_options_are_not_broken() -> None:
    assert pieces("2,000 on 2025-09-30") == ["2,000 ", "on ", "2025-09-30"]
    assert pieces("(--processes 5)") == ["(--processes ", "5)"]
    assert line_width("wide", 10.0) == pytest.approx(2 * line_width("wide", 5.0), rel=0.02)
