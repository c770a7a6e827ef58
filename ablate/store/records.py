"""What a run folder remembers: trials, recipes and environments, and their JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, TypeAlias

from ablate.errors import AblateError
from ablate.formats.canonical import Json, digest
from ablate.formats.json_objects import FORMERLY, ShapeError, parse, shown
from ablate.study.schedule import TrialSpec

SCHEMA = 2
"""Version of the format of lines and of study.json; written into every one, raised when a reader would have to know.

2 added the checksum (see `ablate.store.checksum`); 1 is still read.
"""

Status: TypeAlias = Literal["ok", "failed", "timeout"]


def check_schema(line: Mapping[str, Any]) -> None:
    """Refuse a line or file whose format this package does not know.

    Raises:
        NewerSchemaError: it was written by a newer package.
        ShapeError: its schema is no such number.
    """
    if "schema" not in line:
        raise ShapeError("lacks 'schema'.")
    schema = line["schema"]
    if type(schema) is not int or schema < 1:
        raise ShapeError(f"schema is {shown(schema)}, not a whole number from 1 on.")
    if schema > SCHEMA:
        raise NewerSchemaError(f"schema {schema} is newer than this ablate, which reads up to {SCHEMA}. Update ablate.")


class NewerSchemaError(AblateError):
    """What is to be read was written by a newer package."""


# One for all: a dictionary a trial is work for the collector, where studies have 100,000.
_NOTHING_MORE: Mapping[str, float] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What one finished training gave: its score (of image recipes TTA accuracy, a fraction), durations in seconds, and more.

    `accuracy` is that without test-time augmentation, `extra` whatever else a recipe measures, by name. `time_seconds` is the
    clock of the study: of image recipes from whitening to the last test-time prediction. `train_seconds` and `tta_seconds` are its
    parts; `reset_seconds` and `warm_up_seconds` lie outside it, `compile_seconds` is part of the warm-up; only the trial that
    found its recipe cold has a warm-up. `wall_seconds` is the same window by the wall clock; a trial that measures the score alone has
    no other time, and one that measures the time alone no score. `curve` holds the score after each
    epoch, where asked for (of image recipes without test-time augmentation). None: not measured.
    """

    accuracy: float | None = None
    score: float | None = field(default=None, metadata={FORMERLY: "tta_accuracy"})
    time_seconds: float | None = None
    train_seconds: float | None = None
    tta_seconds: float | None = None
    reset_seconds: float | None = None
    wall_seconds: float | None = None
    warm_up_seconds: float | None = None
    compile_seconds: float | None = None
    train_accuracy: float | None = None
    curve: tuple[float, ...] = ()
    extra: Mapping[str, float] = field(default_factory=lambda: _NOTHING_MORE)

    @property
    def seconds_taken(self) -> float:
        """How long the trial kept its process: what it measured by the clock is another time where it measured one thing alone."""
        is_apart = self.score is None or self.time_seconds is None
        taken = self.wall_seconds if is_apart else self.time_seconds
        return (taken or 0.0) + (self.reset_seconds or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One training that was done, or tried.

    `process` counts the operating-system processes of the run folder (a restarted child is a new one). `recipe` and `environment`
    are digests of lines of their own. `device_before` and `device_after` are the accelerator's clocks, temperature, power and
    throttle reasons. `marks` say what set the trial apart from the rest of its folder. `error` is one line: reason and remedy.
    `beside` is how many other trials could run at the same time: with any, its times are no times. `seat` and `host` name where it ran
    in a study on seats with hardware of their own; `received_at` is when its record reached the driver, whose clock it goes by.
    """

    spec: TrialSpec
    status: Status
    process: int
    started_at: str
    recipe: str
    environment: str
    data: str
    data_digest: str
    measurements: Measurements | None = None
    device_before: Mapping[str, Json] | None = None
    device_after: Mapping[str, Json] | None = None
    marks: tuple[str, ...] = ()
    error: str | None = None
    beside: int = 0
    seat: str = ""
    host: str = ""
    received_at: str = ""

    def to_json(self) -> dict[str, Json]:
        """A JSON object that `from_json` turns back into an equal trial; unmeasured fields are left out."""
        line = {field.name: getattr(self, field.name) for field in fields(self)}
        line["spec"] = self.spec.to_json()
        if self.measurements is not None:
            line["measurements"] = _without_defaults(asdict(self.measurements))
        for name in ("beside", "seat", "host", "received_at"):
            if not line[name]:
                del line[name]
        return _without_defaults(line)

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "Trial":
        """The trial that a JSON object describes.

        Raises:
            ShapeError: a field is missing, unknown, or holds what it cannot.
        """
        return parse(cls, line, "the trial")


def _without_defaults(line: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that say nothing; tuples as lists."""
    kept = {name: value for name, value in line.items() if value not in (None, (), {})}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRecord:
    """A recipe as a run folder keeps it: its fields as JSON, and the names of the features that made it."""

    fingerprint: str
    features: tuple[str, ...]
    fields: Mapping[str, Json]

    @property
    def digest(self) -> str:
        """What trials cite."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal record."""
        return {"fingerprint": self.fingerprint, "features": list(self.features), "fields": dict(self.fields)}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "RecipeRecord":
        """The record that a JSON object describes.

        Raises:
            ShapeError: a field is missing, unknown, or holds what it cannot.
        """
        return parse(cls, line, "the recipe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The machine and software a trial ran on: package version, commit, torch, CUDA, driver, device, compute dtype, …

    `facts` is a flat JSON object; `ablate.machine.environment.describe` lists its names.
    """

    facts: Mapping[str, Json]

    @property
    def digest(self) -> str:
        """What trials cite."""
        return digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal environment."""
        return {"facts": dict(self.facts)}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "Environment":
        """The environment that a JSON object describes.

        Raises:
            ShapeError: a field is missing, unknown, or holds what it cannot.
        """
        return parse(cls, line, "the environment")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTrial:
    """A trial together with the records its digests cite: what an executor hands to the store."""

    trial: Trial
    recipe: RecipeRecord
    environment: Environment
