"""Run folders made of made-up trials, written in the store's own format."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import prod
from pathlib import Path
from random import Random

from ablate.lineages.airbench94_muon.lineage import GROUPS
from ablate.store.lines import format_line
from ablate.store.records import Environment, FinishedTrial, Measurements, RecipeRecord, Trial
from ablate.store.resolved import FeatureRecord, ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.store.trials import MemoryTrialStore
from ablate.study import Design, Study
from ablate.study.schedule import TrialSpec
from tests.fakes import HIVE_FEATURES

FACTS = {
    "package_version": "0.1.0",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "dirty": False,
    "python": "3.11.9",
    "torch": "2.11.0",
    "cuda": "13.0",
    "cudnn": 91000,
    "driver": "580.10",
    "device": "cuda:0",
    "device_name": "Imaginary GPU",
    "device_memory_bytes": 80 * 2**30,
    "compute_dtype": "float16",
    "cpu_model": "Imaginary CPU",
    "threads": 8,
    "compiling": True,
    "preset": "full",
}
ENVIRONMENT = Environment(facts=FACTS)


def resolved(design: Design, *, name: str = "made_up", **settings: object) -> ResolvedStudy:
    """A resolved study of a design, as opening it would give, for names that need no registry."""
    outer = {
        key: settings.pop(key) for key in ("preset", "data", "device", "command", "files", "groups") if key in settings
    }
    study = Study.of(
        design, name=name, question="What does each of these do?", **({"blocks": 6, "processes": 3} | settings)
    )
    given = {
        "preset": "full",
        "device": "cuda:0",
        "data": "cifar10",
        "command": ("ablate", "run", "--name", "made up"),
        "groups": GROUPS,
    } | outer
    return ResolvedStudy(
        study=study,
        schedule=study.schedule(),
        arm_features={arm.name: tuple(sorted(arm.features)) for arm in study.arms},
        fingerprints={arm.name: f"fingerprint of {arm.name}" for arm in study.arms},
        features=tuple(
            FeatureRecord(name=name, group=group, summary=f"Does {name}.", source="made up", digest="0" * 64)
            for name, group in HIVE_FEATURES.items()
        ),
        data_digest="d" * 64,
        created_at="2026-01-02T03:04:05+00:00",
        **given,
    )


def trials_of(
    study: ResolvedStudy,
    *,
    seed: int = 0,
    savings: Mapping[str, float] | None = None,
    gains: Mapping[str, float] | None = None,
) -> list[Trial]:
    """One trial for each planned one, under the spreads of the published logs; each feature saves a fraction of the time."""
    # Python's own generator: its numbers are the same under every version, so that what is computed from them can be pinned.
    draw = Random(seed).gauss
    processes = 1 + max(spec.process for spec in study.schedule)
    shift = [draw(0, 0.00105) for _ in range(max(study.study.processes, processes))]
    own = {(arm.name, process): draw(0, 0.0002) for arm in study.study.arms for process in range(len(shift))}
    arms = {arm.name: arm for arm in study.study.arms}
    trials = []
    for number, spec in enumerate(study.schedule):
        arm = arms[spec.arm]
        ratio = arm.length * prod(1 - (savings or {}).get(name, 0.0) for name in sorted(arm.features))
        gain = sum((gains or {}).get(name, 0.0) for name in sorted(arm.features))
        seconds = 2.59 * ratio + shift[spec.process] + own[spec.arm, spec.process] + draw(0, 0.0005)
        accuracy = round(0.9401 + gain + draw(0, 0.0013), 4)
        trials.append(trial(spec, data=study.data, accuracy=accuracy, seconds=round(seconds, 6), number=number))
    return trials


def trial(
    spec: TrialSpec,
    *,
    data: str = "cifar10",
    accuracy: float = 0.94,
    seconds: float = 2.5,
    number: int = 0,
    **fields: object,
) -> Trial:
    measured = Measurements(
        accuracy=round(accuracy - 0.01, 4),
        score=accuracy,
        time_seconds=seconds,
        train_seconds=round(seconds - 0.1, 6),
        tta_seconds=0.1,
    )
    given = {
        "status": "ok",
        "process": spec.process,
        "started_at": (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=4 * number)).isoformat(),
        "recipe": _recipe(spec.arm).digest,
        "environment": ENVIRONMENT.digest,
        "data": data,
        "data_digest": data.encode().hex().ljust(64, "0")[:64],
        "measurements": measured,
    } | fields
    return Trial(spec=spec, **given)


def failed(trial: Trial, error: str = "out of memory: lower the batch.", status: str = "failed") -> Trial:
    return replace(trial, status=status, measurements=None, error=error)


def write_folder(
    path: Path,
    study: ResolvedStudy,
    trials: Sequence[Trial] | None = None,
    *,
    environments: Sequence[Environment] = (ENVIRONMENT,),
    change: Callable[[Trial], Trial] = lambda trial: trial,
) -> Path:
    """A run folder of the study with these trials (default: all of `trials_of`), each passed through `change`."""
    folder = RunFolder.create(study, path)
    lines = [
        *(("environment", environment) for environment in environments),
        *(("recipe", _recipe(arm.name)) for arm in study.study.arms),
    ]
    with folder.trials_path.open("wb") as file:
        for kind, record in lines:
            file.write(format_line(kind, {"digest": record.digest, **record.to_json()}))
        for each in trials_of(study) if trials is None else trials:
            file.write(format_line("trial", change(each).to_json()))
    return path


def stored(study: ResolvedStudy, trials: Sequence[Trial] | None = None) -> MemoryTrialStore:
    """These trials (default: all of `trials_of`), in memory."""
    store = MemoryTrialStore()
    for each in trials_of(study) if trials is None else trials:
        store.append(FinishedTrial(trial=each, recipe=_recipe(each.spec.arm), environment=ENVIRONMENT))
    return store


def _recipe(arm: str) -> RecipeRecord:
    return RecipeRecord(fingerprint=f"fingerprint of {arm}", features=(), fields={"arm": arm})
