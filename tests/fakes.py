"""Stand-ins for the torch side: a catalogue without features' code, and trials without training."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ablate.engine.events import Event, TrialStarted
from ablate.errors import UsageError, near_match
from ablate.store.records import Environment, FinishedTrial, Measurements, RecipeRecord, Status, Trial
from ablate.store.resolved import ResolvedStudy
from ablate.study import Study, leave_one_out
from ablate.study.groups import Group
from ablate.study.ladders import Ladder
from ablate.study.schedule import TrialKey, TrialSpec

HIVE_FEATURES = {
    "vectorised_optimiser": "optimiser",
    "periodic_normalisation": "optimiser",
    "vectorised_crop": "augmentation",
    "brightness_contrast": "augmentation",
    "compile": "compilation",
    "silu": "architecture",
    "svd_whitening": "architecture",
    "half_precision": "architecture",
    "tuning": "tuning",
    "selective_tta": "tta",
}
HIVE_SLUGS = tuple(dict.fromkeys(HIVE_FEATURES.values()))


@dataclass
class FakeCatalogue:
    """A registry's torch-free face: feature names with their groups, `requires` and `excludes`; `lengths` set the epochs."""

    features: Mapping[str, str] = field(default_factory=lambda: HIVE_FEATURES)
    requires: Mapping[str, str] = field(default_factory=dict)
    excludes: Mapping[str, str] = field(default_factory=dict)
    published: Sequence[Ladder] = ()
    lengths: Mapping[str, float] | None = field(default_factory=dict)

    @property
    def ladders(self) -> Mapping[str, Ladder]:
        return {ladder.slug: ladder for ladder in self.published}

    def epochs(self, names: Iterable[str]) -> float | None:
        if self.lengths is None:
            return None
        return next((self.lengths[name] for name in self.expand(names) if name in self.lengths), 8.0)

    @property
    def names(self) -> Sequence[str]:
        return tuple(self.features)

    @property
    def groups(self) -> Mapping[str, Group]:
        return {
            slug: Group(slug=slug, title=slug.title(), published_percent=None, source="made up")
            for slug in dict.fromkeys(self.features.values())
        }

    def expand(self, names: Iterable[str]) -> frozenset[str]:
        expanded: set[str] = set()
        for name in names:
            members = {feature for feature, group in self.features.items() if name in (feature, group)}
            if not members:
                raise UsageError(f"Unknown feature or group '{name}'.{near_match(name, self.names)}")
            expanded |= members
        return frozenset(expanded)

    def reason_impossible(self, features: Iterable[str]) -> str | None:
        chosen = self.expand(features)
        for name, needed in self.requires.items():
            if name in chosen and needed not in chosen:
                return f"'{name}' requires '{needed}'"
        for name, barred in self.excludes.items():
            if name in chosen and barred in chosen:
                return f"'{name}' excludes '{barred}'"
        return None


ENVIRONMENT = Environment(facts={"package_version": "0.1.0", "torch": "none", "device": "fake", "commit": "abc"})


def recipe_record(arm: str) -> RecipeRecord:
    return RecipeRecord(fingerprint=f"fingerprint of {arm}", features=(), fields={"arm": arm})


def finished_trial(
    spec: TrialSpec,
    *,
    process: int = 0,
    status: Status = "ok",
    accuracy: float = 0.94,
    seconds: float = 2.5,
    environment: Environment = ENVIRONMENT,
) -> FinishedTrial:
    recipe = recipe_record(spec.arm)
    measurements = Measurements(accuracy=accuracy - 0.01, score=accuracy, time_seconds=seconds)
    trial = Trial(
        spec=spec,
        status=status,
        process=process,
        started_at="2026-11-24T15:30:00+00:00",
        recipe=recipe.digest,
        environment=environment.digest,
        data="synthetic",
        data_digest="d" * 64,
        measurements=measurements if status == "ok" else None,
        error=None if status == "ok" else "the fake trainer was told to fail",
    )
    return FinishedTrial(trial=trial, recipe=recipe, environment=environment)


def untried(one: TrialSpec, process: int) -> FinishedTrial:
    """What a parent records of a trial whose child died before saying anything."""
    return finished_trial(one, process=process, status="failed", environment=Environment(facts={"planned": True}))


def spec(arm: str = "baseline", block: int = 0, *, position: int = 0, process: int = 0, seed: int = 1) -> TrialSpec:
    return TrialSpec(arm=arm, block=block, position=position, process=process, seed=seed)


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class FakeExecutor:
    """Does every trial at once; `statuses` says which fail, `seconds` how long the clock is told a trial of an arm takes."""

    statuses: Mapping[TrialKey, Status] = field(default_factory=dict)
    clock: FakeClock | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    lots: list[tuple[int, int]] = field(default_factory=list)
    closed: int = 0

    def execute(self, specs: Sequence[TrialSpec], process: int, seat: int = 0) -> Iterator[FinishedTrial | Event]:
        self.lots.append((process, len(specs)))
        try:
            for one in specs:
                yield TrialStarted(spec=one, process=process)
                if self.clock is not None:
                    self.clock.now += self.seconds.get(one.arm, 1.0)
                yield finished_trial(one, process=process, status=self.statuses.get(one.key, "ok"))
        finally:
            self.closed += 1

    def give_up(self, seat: int) -> None:
        """Nothing is kept of a seat."""

    def halt(self) -> None:
        """Nothing is in flight."""


def fake_study(blocks: int = 4, processes: int = 2, names: Sequence[str] = ("a", "b")) -> Study:
    return Study.of(leave_one_out(names), name="fake", question="Does it hold?", blocks=blocks, processes=processes)


def resolved_study(study: Study | None = None, **fields: Any) -> ResolvedStudy:
    study = study or fake_study()
    settings: dict[str, Any] = {
        "study": study,
        "schedule": study.schedule(),
        "arm_features": {arm.name: tuple(sorted(arm.features)) for arm in study.arms},
        "fingerprints": {arm.name: recipe_record(arm.name).fingerprint for arm in study.arms},
        "features": (),
        "groups": (),
        "preset": "mini",
        "device": "fake",
        "data": "synthetic",
        "data_digest": "d" * 64,
        "created_at": "2026-11-24T15:30:12+01:00",
    }
    return ResolvedStudy(**{**settings, **fields})
