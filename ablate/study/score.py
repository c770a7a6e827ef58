"""What a study compares beside time: the score, its unit, and which way is better."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal, TypeAlias

from ablate.errors import UsageError
from ablate.formats.printable import check_printable

Better: TypeAlias = Literal["higher", "lower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What is compared beside time: a title, how to print it, and which way is better.

    A trial's number times `factor` is what people read: in `unit` where two are compared, in `value_unit` ("" for `unit`) where one
    stands alone, as accuracies stand in "%" and their differences in "pp". A difference within ± `margin`, in `unit`, counts as none.

    Raises:
        UsageError: a text that does not print on one line, a factor or margin that is not positive, a direction that is none.
    """

    title: str
    unit: str = ""
    value_unit: str = ""
    factor: float = 1.0
    better: Better = "higher"
    margin: float

    def __post_init__(self) -> None:
        check_printable("A score's title", self.title)
        if not self.title.strip():
            raise UsageError("A score has no title; say what it measures, such as 'validation loss'.")
        who = f"Score '{self.title}'"
        for what, text in (("unit", self.unit), ("value_unit", self.value_unit)):
            if text:
                check_printable(f"{who}: its {what}", text)
        for what, number in (("factor", self.factor), ("margin", self.margin)):
            if (
                isinstance(number, bool)
                or not isinstance(number, (int, float))
                or not (isfinite(number) and number > 0)
            ):
                raise UsageError(f"{who} has {what}={number!r}; a positive number belongs there.")
        if self.better not in ("higher", "lower"):
            raise UsageError(f"{who} has better={self.better!r}; it takes 'higher' or 'lower'.")

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is: a difference times it is a gain."""
        return 1 if self.better == "higher" else -1

    def measures_as(self, other: "Score") -> bool:
        """Whether numbers of both may stand side by side: all is the same but the margin, which is a matter of judgement."""
        return replace(self, margin=other.margin) == other


TTA_ACCURACY = Score(title="TTA accuracy", unit="pp", value_unit="%", factor=100.0, better="higher", margin=0.05)
"""The score of image recipes: accuracy on the test images with test-time augmentation."""
