"""What opening, planning and running a study need of a kind of recipe: images in torch, a function or a command of one's own."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, Protocol

from ablate.engine.trainer import Trainer
from ablate.errors import UsageError
from ablate.recipes.recipe import Recipe
from ablate.recipes.registry import Registry
from ablate.store.records import Environment
from ablate.store.resolved import ResolvedStudy
from ablate.study import Arm, Study

Announce = Callable[[str], None]
"""Says one loud line."""

CURVES = "curves"
"""The override of a study that asks for validation after every epoch."""


COMPUTE_DTYPE = "compute_dtype"
"""The override of a study that asks for another compute dtype than the device's own, by its name."""

AUTO = "auto"


class TrialFailure(Exception):
    """A trial that ended without a result, with its reason and remedy in one line."""


class Data(Protocol):
    """What a study trains on: its name, and the digest of its content."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def digest(self) -> str:
        """Equal for equal content."""


class Kind(ABC):
    """A kind of recipe, for one registry; made with the registry alone, here and in each child process.

    With `keeps_time`, its trainers stop a trial at its time limit themselves; otherwise the process is stopped that trains it.
    """

    keeps_time: ClassVar[bool] = False
    in_torch: ClassVar[bool] = False
    """Whether it trains by this package's own loops, so that torch, its compiler and the image sets matter."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    @abstractmethod
    def find_device(self, name: str) -> str:
        """The device a user asked for, "auto" resolved; it is left alone.

        Raises:
            UsageError: no such device, or not on this machine.
        """

    @abstractmethod
    def open_device(self, name: str) -> None:
        """See that a device works.

        Raises:
            UsageError: it does not.
        """

    @abstractmethod
    def choose_preset(self, preset: str, device: str) -> str:
        """The preset's name, "auto" resolved.

        Raises:
            UsageError: no such preset.
        """

    @abstractmethod
    def choose_compute_dtype(self, name: str, device: str) -> str:
        """The compute dtype's name as it goes into the record; "auto" stays what it is, the device's own.

        Raises:
            UsageError: no such dtype, not on this device, or not for these recipes to say.
        """

    def fitted(self, study: Study) -> Study:
        """A study that was not written for these recipes, without the preset and the data set that mean nothing for them."""
        return study

    @abstractmethod
    def check_study(self, study: Study, *, curves: bool) -> None:
        """Refuse what a study asks for and these recipes cannot give.

        Raises:
            UsageError: it would mean nothing.
        """

    @abstractmethod
    def load_data(self, name: str, data_dir: Path | None, announce: Announce) -> Data:
        """The data that the recipes are trained on.

        Raises:
            DataError: it is missing or damaged.
            UsageError: these recipes cannot be trained on it.
        """

    @abstractmethod
    def compose(self, arm: Arm, preset: str) -> Recipe:
        """The recipe of an arm at a preset's scale and the arm's length."""

    def compile_keys(self, study: Study, preset: str) -> Mapping[str, str]:
        """What arms must share to share what is compiled; empty where nothing is."""
        return {}

    def piece_shares(self, study: Study, preset: str, data: Data) -> Mapping[str, float]:
        """The share of its steps that each arm runs for a time by the interleaved clock; empty where these recipes have none."""
        return {}

    @abstractmethod
    def versions(self) -> Mapping[str, str | None]:
        """What decides whether two sittings ran the same code, beside the package and Python."""

    @abstractmethod
    def planned_environment(self, resolved: ResolvedStudy, *, opened: bool = True) -> Environment:
        """The environment of trials, so far as it is known before one has run; not `opened`: the device is left alone."""

    def environment_here(self, resolved: ResolvedStudy, *, in_child: bool) -> Environment:
        """The environment of trials as complete as it can be without one; `in_child` leaves the device to another process."""
        return self.planned_environment(resolved)

    @abstractmethod
    def trainer(
        self,
        resolved: ResolvedStudy,
        data: Data,
        *,
        device: str | None,
        debug: bool,
        folder: Path | None,
        timeout_seconds: float | None,
    ) -> Trainer:
        """The trainer of a study's arms; `folder` is the run folder, `timeout_seconds` for those that keep time themselves."""

    @abstractmethod
    def rehearse(self, arms: Iterable[Arm], device: str) -> None:
        """Try what is the user's own on a device, so far as that takes seconds.

        Raises:
            UsageError: it does not work.
        """


def kind_of(registry: Registry) -> Kind:
    """The kind that a registry's recipes name.

    Raises:
        UsageError: there is none of that name.
    """
    recipe = type(registry.baseline)
    reference = str(getattr(recipe, "trainer", ""))
    module, _, name = reference.partition(":")
    try:
        kind: Any = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"{recipe.__name__} names the trainer '{reference}', which is not to be had: {error}. It takes \"module:class\"; "
            "recipes of your own are ablate.PythonRecipe or ablate.CommandRecipe, which bring theirs."
        ) from error
    made: Kind = kind(registry)
    return made
