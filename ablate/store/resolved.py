"""What a study was asked, with every name resolved: the contents of study.json. Free of torch."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ablate.errors import UsageError, near_match
from ablate.formats.canonical import Json
from ablate.formats.json_objects import VERBATIM, ShapeError, parse
from ablate.store.records import SCHEMA, check_schema
from ablate.study import Study
from ablate.study.groups import Group
from ablate.study.ladders import Ladder
from ablate.study.schedule import TrialSpec
from ablate.study.score import TTA_ACCURACY, Score

DEFAULT_LINEAGE = "airbench94_muon"
"""The lineage of run folders that do not say."""

RECIPE_OPTION = "--recipe"
FEATURES_OPTION = "--features-from"
REGISTRY_OPTION = "--registry"


def recipe_option(lineage: str) -> str:
    """What a command needs behind it to work with a lineage: nothing for the default."""
    return "" if lineage == DEFAULT_LINEAGE else f" {RECIPE_OPTION} {lineage}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRecord:
    """A feature as a run folder keeps it; `digest` is the hash of its patch."""

    name: str
    group: str
    summary: str
    source: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of the user's that the study was built from; `option` is what named it, such as "--features-from"."""

    option: str
    path: str = field(metadata=VERBATIM)
    sha256: str

    @property
    def copy_name(self) -> str:
        """What a run folder calls its copy: one option names one file."""
        return f"{self.option.lstrip('-')}.py"

    @classmethod
    def of(cls, option: str, path: Path) -> "SourceFile":
        """The record of a file as it is now.

        Raises:
            UsageError: it cannot be read.
        """
        try:
            contents = path.read_bytes()
        except OSError as error:
            raise UsageError(f"Cannot read {option} {path}: {error.strerror}.") from error
        return cls(option=option, path=str(path.resolve()), sha256=hashlib.sha256(contents).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedStudy:
    """A study and all that its names meant when it was opened.

    `schedule` is what runs; a resume follows it, not a schedule made anew. `arm_features` and `fingerprints` map each arm to its
    feature names and to its recipe's fingerprint. `preset`, `data` and `device` are what "auto" turned out to be. `overrides` are
    the settings that the command line changed, `command` its words, `versions` those of package, Python and torch, `created_at` an
    ISO 8601 time with its zone. `score` is what is compared beside time, `ladders` what was published, `lineage` the name under
    which the recipes ship ("" for a registry of one's own). Files from before these were recorded hold the first lineage's.
    """

    study: Study
    schedule: tuple[TrialSpec, ...]
    arm_features: Mapping[str, tuple[str, ...]]
    fingerprints: Mapping[str, str]
    features: tuple[FeatureRecord, ...]
    groups: tuple[Group, ...]
    preset: str
    device: str
    data: str
    data_digest: str
    created_at: str
    overrides: Mapping[str, Json] = field(default_factory=dict)
    command: tuple[str, ...] = field(default=(), metadata=VERBATIM)
    versions: Mapping[str, str | None] = field(default_factory=dict)
    files: tuple[SourceFile, ...] = ()
    score: Score = TTA_ACCURACY
    ladders: tuple[Ladder, ...] = ()
    lineage: str = DEFAULT_LINEAGE

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal value."""
        return {
            "schema": SCHEMA,
            "study": self.study.to_json(),
            "preset": self.preset,
            "device": self.device,
            "data": self.data,
            "data_digest": self.data_digest,
            "created_at": self.created_at,
            "command": list(self.command),
            "overrides": dict(self.overrides),
            "versions": dict(self.versions),
            "files": [asdict(file) for file in self.files],
            "arm_features": {arm: list(names) for arm, names in self.arm_features.items()},
            "fingerprints": dict(self.fingerprints),
            "features": [asdict(feature) for feature in self.features],
            "groups": [group.to_json() for group in self.groups],
            "score": asdict(self.score),
            "ladders": [ladder.to_json() for ladder in self.ladders],
            "lineage": self.lineage,
            "schedule": [spec.to_json() for spec in self.schedule],
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "ResolvedStudy":
        """The resolved study that a JSON object describes.

        Raises:
            AblateError: it was written by a newer package, or the study's settings do not fit together.
            ShapeError: a field is missing, unknown, or holds what it cannot; an arm has no features or recipe of its own.
        """
        if type(line) is not dict:
            raise ShapeError("not a JSON object.")
        check_schema(line)
        resolved = parse(cls, {name: value for name, value in line.items() if name != "schema"}, "the file")
        resolved._check_arms()
        return resolved

    def _check_arms(self) -> None:
        arms = [arm.name for arm in self.study.arms]
        for name, known in (("arm_features", self.arm_features), ("fingerprints", self.fingerprints)):
            missing = [arm for arm in arms if arm not in known]
            if missing:
                raise ShapeError(f"'{name}' has no entry for arm '{missing[0]}'.")
        strangers = [spec.arm for spec in self.schedule if spec.arm not in self.arm_features]
        if strangers:
            raise ShapeError(
                f"'schedule' names arm '{strangers[0]}', which the study does not have.{near_match(strangers[0], arms)}"
            )
