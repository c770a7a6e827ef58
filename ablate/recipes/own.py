"""Recipes of one's own: a function in Python, and what it is given and gives back. Free of torch."""

import inspect
import math
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from numbers import Real
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, cast

from ablate.errors import UsageError
from ablate.formats.canonical import digest
from ablate.formats.values import jsonable
from ablate.recipes.recipe import Recipe
from ablate.recipes.source import code_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScale:
    """How much of a recipe of one's own is run: the preset's name and size, and an arm's length; as written, each is neutral."""

    preset: str = "full"
    size: float = 1.0
    length: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialContext:
    """What a training is given: which trial it is, where it runs, and how much of the recipe.

    `seed` is a whole number from 0 to 2³¹ − 1, the same for every arm of a `block`. `device` is "cpu", "cuda", "cuda:1" and the like.
    `size` is the factor that the recipe's `presets` give the `preset`, `length` the arm's factor on the length of the training.
    `scratch` is a folder of the trial's own: removed after a success, kept after a failure.
    """

    seed: int
    device: str
    preset: str
    size: float
    length: float
    scratch: Path
    arm: str
    block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a training gives back: its score, and if it likes its own clock, a curve, and other numbers by name.

    `seconds`: None takes the wall clock around the training. `curve`: the score after each epoch, or whatever the recipe counts.

    Raises:
        ValueError: what is no finite number, or seconds that are not positive.
    """

    score: float
    seconds: float | None = None
    curve: Sequence[float] = ()
    extra: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "score", _number("score", self.score))
        if self.seconds is not None:
            object.__setattr__(self, "seconds", _number("seconds", self.seconds))
            if not self.seconds > 0:
                raise ValueError(
                    f"seconds is {self.seconds:g}; a training takes more than 0, and None is the wall clock's"
                )
        if isinstance(self.curve, (str, bytes, Mapping)) or not isinstance(self.curve, Iterable):
            raise ValueError(f"curve is {_shown(self.curve)}, not a list of numbers")
        curve = tuple(_number(f"entry {place} of curve", each) for place, each in enumerate(self.curve, 1))
        object.__setattr__(self, "curve", curve)
        if not isinstance(self.extra, Mapping):
            raise ValueError(f"extra is {_shown(self.extra)}, not names with numbers")
        for name in self.extra:
            if not isinstance(name, str) or not name.strip() or not name.isprintable():
                raise ValueError(f"extra names {name!r:.40}; a name is text on one line")
        extra = {name: _number(f"extra '{name}'", value) for name, value in self.extra.items()}
        object.__setattr__(self, "extra", MappingProxyType(extra))


def _number(what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        hint = "; call .item() on it" if hasattr(value, "item") else ""
        raise ValueError(f"{what} is {_shown(value)}, not a number{hint}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{what} came out as {number}; the training diverged, or divided by zero")
    return number


def _shown(value: Any) -> str:
    return "missing" if value is None else f"{value!r:.40} ({type(value).__name__})"


@dataclass(frozen=True, kw_only=True)
class OwnRecipe(Recipe):
    """What recipes of one's own have in common; subclass `PythonRecipe` or `CommandRecipe`.

    The class may say more than its fields. `data`: what it is trained on, for reports. `data_files`: files whose content is digested,
    by their paths from the file that defines the class. `presets`: names of sizes that `--preset` takes, with the factor that
    `TrialContext.size` hands on; "full" is the recipe as written. `honours_lengths`: the training minds `TrialContext.length`, so
    that studies with lengths mean something.
    """

    scale_field: ClassVar[str] = "run_scale"
    data: ClassVar[str] = "the recipe's own"
    data_files: ClassVar[tuple[str, ...]] = ()
    presets: ClassVar[Mapping[str, float]] = MappingProxyType({"full": 1.0})
    honours_lengths: ClassVar[bool] = False

    run_scale: RunScale = RunScale()
    """Set by presets and lengths only."""

    def to_dict(self) -> dict[str, Any]:
        """The class with a digest of its code, and every field: what is a default today may be another tomorrow."""
        knobs = {
            each.name: jsonable(getattr(self, each.name)) for each in fields(self) if each.name != self.scale_field
        }
        scale = {} if self.run_scale == RunScale() else {self.scale_field: asdict(self.run_scale)}
        return {"class": self.identity(), **knobs, **scale}

    def identity(self) -> dict[str, Any]:
        """What else makes the recipe what it is: the name and code of its class."""
        return {"name": type(self).__name__, "code": digest(code_of(cast(Any, type(self))))}

    def scaled_to(self, preset: str, length: float) -> "OwnRecipe":
        """The recipe at a preset's size and an arm's length."""
        return replace(self, run_scale=RunScale(preset=preset, size=float(self.presets[preset]), length=length))

    def check(self) -> None:
        """See `Recipe.check`; and what the class says beside its fields.

        Raises:
            UsageError: it lacks its method, or says what cannot be.
        """
        super().check()
        who = f"Recipe {type(self).__name__}"
        for each in fields(self):
            if each.name in _RESERVED | {self._method, *self._lists}:
                raise UsageError(
                    f"{who} has a field '{each.name}', a name with a meaning of its own: rename the field."
                )
            if not each.init:
                raise UsageError(f"{who}: field '{each.name}' has init=False, so that no feature could set it.")
        if not isinstance(self.presets, Mapping) or "full" not in self.presets:
            raise UsageError(
                f"{who}: presets is a dict of names and sizes with 'full' among them, not {self.presets!r:.60}."
            )
        for name, size in self.presets.items():
            if isinstance(size, bool) or not isinstance(size, (int, float)) or not (math.isfinite(size) and size > 0):
                raise UsageError(f"{who}: preset '{name}' has size {size!r:.40}; a positive number belongs there.")
        if (
            not isinstance(self.data, str)
            or not self.data.strip()
            or not self.data.isprintable()
            or self.data == "auto"
        ):
            raise UsageError(f"{who}: data is a line of text that reports show, not {self.data!r:.60}.")
        for label in ("data_files", *self._lists):
            if not isinstance(listed := getattr(self, label), tuple) or not all(
                isinstance(each, str) for each in listed
            ):
                raise UsageError(
                    f"{who}: {label} is a tuple of paths as text, not {listed!r:.60}: {label} = ('train.npz',)."
                )
        self._check_method(who)

    _method: ClassVar[str]
    _lists: ClassVar[tuple[str, ...]] = ()

    def _check_method(self, who: str) -> None:
        found = getattr(type(self), self._method, None)
        wanted = f"def {self._method}(self, trial):"
        if found is None or getattr(found, "__isabstractmethod__", False):
            raise UsageError(f"{who} lacks its method: write `{wanted}`.")
        try:
            inspect.signature(getattr(self, self._method)).bind(None)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{who}: its {self._method} cannot be called with a trial: write `{wanted}`.") from error


_RESERVED = frozenset(
    {"data", "data_files", "presets", "honours_lengths", "trainer", "scale_field", "instead_of_scale"}
)


@dataclass(frozen=True, kw_only=True)
class PythonRecipe(OwnRecipe):
    """A training of one's own as a Python function: a frozen dataclass whose fields are the knobs, and a method `train`.

    What `train` prints goes to stderr.
    """

    trainer: ClassVar[str] = "ablate.training.python_kind:PythonKind"
    _method: ClassVar[str] = "train"

    @abstractmethod
    def train(self, trial: TrialContext) -> Measured:
        """Train with these knobs and say what came out; an exception makes a failed trial, with its line as the reason."""
