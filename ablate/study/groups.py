"""Groups: the sets of features that a published figure shows as one bar each."""

from dataclasses import asdict, dataclass
from types import NoneType
from typing import Any

from ablate.errors import UsageError
from ablate.formats.printable import check_printable, printable


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One bar of a waterfall.

    `published_percent` is the share of the baseline's time the bar claims, in percent, or None where nothing was published;
    `source` says where the figure stands. An `optional` group is no part of "all": its name stands for its optional features, which
    are on where it is named.

    Raises:
        UsageError: a text that does not print on one line, a percentage that is no number.
    """

    slug: str
    title: str
    published_percent: float | None
    source: str
    optional: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.published_percent, (int, float, NoneType)):
            raise UsageError(
                f"Group '{self.slug}' has published_percent={self.published_percent!r}; a number or None belongs there."
            )
        for what, text in (("slug", self.slug), ("title", self.title), ("source", self.source)):
            check_printable(f"The {what} of group '{printable(str(self.slug))}'", text)

    def to_json(self) -> dict[str, Any]:
        """A JSON object that the parser turns back into an equal group."""
        told = asdict(self)
        return told if self.optional else {name: value for name, value in told.items() if name != "optional"}
