"""Groups: the sets of features that a published figure shows as one bar each."""

from dataclasses import dataclass
from types import NoneType

from ablate.errors import UsageError
from ablate.formats.printable import check_printable, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One bar of a waterfall.

    `published_percent` is the share of the baseline's time the bar claims, in percent, or None where nothing was published;
    `source` says where the figure stands.

    Raises:
        UsageError: a text that does not print on one line, a percentage that is no number.
    """

    slug: str
    title: str
    published_percent: float | None
    source: str

    def __post_init__(self) -> None:
        if not isinstance(self.published_percent, (int, float, NoneType)):
            raise UsageError(
                f"Group '{self.slug}' has published_percent={self.published_percent!r}; a number or None belongs there."
            )
        for what, text in (("slug", self.slug), ("title", self.title), ("source", self.source)):
            check_printable(f"The {what} of group '{printable(str(self.slug))}'", text)


_HIVE_CHART = "hiverge/cifar10-speedrun, img/improvements.svg (2025-09-30)"

HIVE_GROUPS: tuple[Group, ...] = tuple(
    Group(slug=slug, title=title, published_percent=percent, source=_HIVE_CHART)
    for slug, title, percent in (
        ("optimiser", "Vectorised Optimiser", 5.17),
        ("augmentation", "Data Augmentation", 1.78),
        ("compilation", "Compilation", 0.97),
        ("architecture", "Architecture", 4.90),
        ("tuning", "Tuning", 7.10),
        ("tta", "Test-Time Augmentation", 2.28),
    )
)
"""The bars of the Hive's improvements figure, in its order."""

HIVE_FEATURES: dict[str, tuple[str, ...]] = {
    "optimiser": ("vectorised_optimiser", "periodic_normalisation"),
    "augmentation": ("vectorised_crop", "brightness_contrast"),
    "compilation": ("compile",),
    "architecture": ("silu", "svd_whitening", "half_precision"),
    "tuning": ("tuning",),
    "tta": ("selective_tta",),
}
"""The features behind each bar, in the order the bars' source tells them."""

HIVE_TOTAL_PERCENT = 22.20
"""The figure's subtotal: (2.59 - 2.015) / 2.59."""

HIVE_BASELINE_SECONDS = 2.59
"""What the figure's percentages are parts of: the baseline's time, as published."""

HIVE_FINAL_SECONDS = 2.015
"""The record's time, as published: the mean of 2,000 trials on an A100."""
