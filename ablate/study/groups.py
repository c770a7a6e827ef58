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
