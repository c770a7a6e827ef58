"""Figures: each function takes numbers that `ablate.stats` computed and an `ax`, draws, and returns the axes. Free of torch."""

from ablate.plots.curves import curves
from ablate.plots.distribution import distribution
from ablate.plots.drawing import KINDS, draw
from ablate.plots.effects import effects
from ablate.plots.frontier import frontier
from ablate.plots.history import history
from ablate.plots.interactions import interactions
from ablate.plots.published import published_ladder
from ablate.plots.saving import save, to_svg
from ablate.plots.shapley import shapley
from ablate.plots.waterfall import waterfall

__all__ = [
    "KINDS",
    "curves",
    "distribution",
    "draw",
    "effects",
    "frontier",
    "history",
    "interactions",
    "published_ladder",
    "save",
    "shapley",
    "to_svg",
    "waterfall",
]
