"""From a study to what trains it: its names resolved against a registry and a data set, and its trainer built from a run folder."""

import datetime
import json
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ablate import datasets
from ablate.datasets import Dataset
from ablate.errors import AblateError, DataError, UsageError
from ablate.formats.canonical import Json
from ablate.lineages.loading import load_registry
from ablate.machine.environment import source_state
from ablate.machine.programs import ask, same_modules
from ablate.parts.network import NUM_CLASSES
from ablate.recipes.registry import Registry
from ablate.store.records import Environment, FinishedTrial, Trial
from ablate.store.resolved import FEATURES_OPTION, REGISTRY_OPTION, FeatureRecord, ResolvedStudy, SourceFile
from ablate.store.run_folder import RunFolder
from ablate.study import Study
from ablate.study.schedule import TrialSpec
from ablate.training.arm_trainer import ArmTrainer, choose_preset, compose_arm, trial_environment
from ablate.training.compilation import why_not_compiling
from ablate.training.session import compute_dtype_of, find_device, open_device

Announce = Callable[[str], None]
"""Says one loud line."""

CURVES = "curves"

_LOOK_SECONDS = 600.0
"""Long enough to start CUDA and to compile a first function with nothing cached."""


def say_on_stderr(line: str) -> None:
    """The announcement of last resort."""
    print(line, file=sys.stderr, flush=True)


def load_data(name: str, data_dir: Path | None, announce: Announce = say_on_stderr) -> Dataset:
    """A data set that the network can be trained on.

    Raises:
        DataError: it is missing or damaged, or has more classes than the network has outputs.
    """
    dataset = datasets.load(name, data_dir, announce=announce)
    if len(dataset.classes) > NUM_CLASSES:
        raise DataError(
            f"Data set '{dataset.name}' has {len(dataset.classes)} classes, and the network tells {NUM_CLASSES} apart. "
            "Import a set with fewer classes."
        )
    return dataset


def resolve_study(
    study: Study,
    registry: Registry,
    dataset: Dataset,
    *,
    device: str = "auto",
    command: Sequence[str] = (),
    overrides: Mapping[str, Json] | None = None,
    features_from: Path | None = None,
    registry_file: Path | None = None,
) -> ResolvedStudy:
    """A study with all its names looked up, ready to be written into a run folder.

    Raises:
        UsageError: an unknown name, an impossible combination, an unknown device or preset, an unreadable file.
    """
    study = study.possible(registry)
    found = find_device(device)
    preset = choose_preset(study.preset, found)
    arm_features = {arm.name: registry.expand(arm.features) for arm in study.arms}
    used = frozenset().union(*arm_features.values())
    named = ((REGISTRY_OPTION, registry_file), (FEATURES_OPTION, features_from))
    return ResolvedStudy(
        study=study,
        schedule=study.schedule(),
        arm_features={name: tuple(sorted(features)) for name, features in arm_features.items()},
        fingerprints={arm.name: compose_arm(registry, arm, preset).fingerprint() for arm in study.arms},
        features=tuple(
            _feature_record(registry, name) for name in (*registry.names, *registry.alternatives) if name in used
        ),
        groups=tuple(registry.groups.values()),
        score=registry.score,
        ladders=tuple(registry.ladders.values()),
        lineage=registry.lineage,
        preset=preset,
        device=str(found),
        data=dataset.name,
        data_digest=dataset.digest,
        created_at=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        command=tuple(command),
        overrides=dict(overrides or {}),
        versions=software_versions(),
        files=tuple(SourceFile.of(option, path) for option, path in named if path is not None),
    )


def software_versions() -> dict[str, str | None]:
    """What decides whether two sittings ran the same code: package, commit, Python and torch."""
    source = source_state()
    return {
        "ablate": source.version,
        "commit": source.commit,
        "python": platform.python_version(),
        "torch": str(torch.__version__),
    }


def _feature_record(registry: Registry, name: str) -> FeatureRecord:
    feature = registry.features[name]
    return FeatureRecord(
        name=name, group=feature.group, summary=feature.summary, source=feature.source, digest=feature.digest()
    )


def registry_of(folder: RunFolder) -> Registry:
    """The registry a run folder was made with: its lineage's, and the files it names, or its copies where those are gone.

    Raises:
        UsageError: the lineage is not here, or a file does not load.
    """
    own = folder.source_file(REGISTRY_OPTION)
    recipe = (folder.resolved.lineage or None) if own is None else None
    return load_registry(recipe=recipe, features_from=folder.source_file(FEATURES_OPTION), registry=own)


def planned_environment(resolved: ResolvedStudy, **facts: Json) -> Environment:
    """The environment that trials of this study will have here, so far as it is known before one has run."""
    device = open_device(resolved.device)
    return trial_environment(device, compute_dtype_of(device), {"preset": resolved.preset, **facts})


def environment_in_a_child(resolved: ResolvedStudy) -> Environment:
    """The environment that trials of this study will have here, "compiling" included, as a process of its own has found it.

    For a parent of children, which leaves the device to them.

    Raises:
        UsageError: the device does not work.
        AblateError: the process ended without an answer.
    """
    program = (
        f"from {__name__} import {_print_environment.__name__} as look; look({resolved.device!r}, {resolved.preset!r})"
    )
    answer = ask([sys.executable, "-P", "-c", program], timeout_seconds=_LOOK_SECONDS, environment=same_modules())
    lines = answer.output.splitlines() if answer is not None else []
    if answer is None or answer.status != 0 or not lines:
        last = next(reversed((answer.errors if answer else "").splitlines()), "it said nothing")
        raise AblateError(f"The process that was to look at {resolved.device} failed: {last}")
    found = json.loads(lines[-1])
    if "refused" in found:
        raise UsageError(found["refused"])
    return Environment.from_json(found)


def _print_environment(device: str, preset: str) -> None:
    """What a child of `environment_in_a_child` does: the environment as one line of JSON, or why there is none."""
    try:
        opened = open_device(device)
    except UsageError as error:
        print(json.dumps({"refused": str(error)}))
        return
    facts: dict[str, Json] = {"preset": preset, "compiling": why_not_compiling(opened) is None}
    print(json.dumps(trial_environment(opened, compute_dtype_of(opened), facts).to_json()))


def trainer_for(
    resolved: ResolvedStudy,
    registry: Registry,
    dataset: Dataset,
    *,
    device: str | None = None,
    debug: bool = False,
    announce: Announce = say_on_stderr,
) -> ArmTrainer:
    """The trainer of a study's arms; says loudly what its numbers cannot show."""
    trainer = ArmTrainer(
        registry=registry,
        arms=resolved.study.arms,
        preset=resolved.preset,
        dataset=dataset,
        device=device or resolved.device,
        curves=bool(resolved.overrides.get(CURVES, False)),
        debug=debug,
    )
    trainer.remarks = tuple(_remarks(registry, trainer))
    for remark in trainer.remarks:
        announce(remark)
    return trainer


def _remarks(registry: Registry, trainer: ArmTrainer) -> Iterator[str]:
    if trainer.compiling is not None:
        yield f"NOTHING IS COMPILED: {trainer.compiling}. Every arm runs eager; `ablate doctor` says what is missing."
    if compute_dtype_of(trainer.device) == torch.float32 and _asks_about_precision(registry, trainer):
        yield f"The compute dtype on {trainer.device} is float32: arms that differ in precision differ in memory layout only here."


def _asks_about_precision(registry: Registry, trainer: ArmTrainer) -> bool:
    return len({recipe.precision for recipe in trainer.recipes.values()} | {registry.baseline.precision}) > 1


def untried_by(resolved: ResolvedStudy, registry: Registry) -> Callable[[TrialSpec, int], FinishedTrial]:
    """Makes the record of a trial whose child died before it could say what it was about to do."""
    arms = {arm.name: arm for arm in resolved.study.arms}

    def untried(spec: TrialSpec, process: int) -> FinishedTrial:
        device = torch.device(resolved.device)
        facts: dict[str, Json] = {"preset": resolved.preset}
        environment = trial_environment(device, compute_dtype_of(device), facts, opened=False)
        recipe = compose_arm(registry, arms[spec.arm], resolved.preset).record(resolved.arm_features[spec.arm])
        trial = Trial(
            spec=spec,
            status="failed",
            process=process,
            started_at="",
            recipe=recipe.digest,
            environment=environment.digest,
            data=resolved.data,
            data_digest=resolved.data_digest,
        )
        return FinishedTrial(trial=trial, recipe=recipe, environment=environment)

    return untried


def child_arguments(
    folder: RunFolder, now: ResolvedStudy, *, data_dir: Path | None, device: str | None, debug: bool
) -> dict[str, Any]:
    """What `child_trainer` is called with, as JSON; `now` is the study as its parent knows it."""
    return {
        "folder": str(folder.path.resolve()),
        "data_dir": None if data_dir is None else str(data_dir.resolve()),
        "device": device,
        "debug": debug,
        "digests": {feature.name: feature.digest for feature in now.features},
        "fingerprints": dict(now.fingerprints),
    }


def child_trainer(
    folder: str,
    data_dir: str | None,
    device: str | None,
    debug: bool,
    digests: Mapping[str, str],
    fingerprints: Mapping[str, str],
) -> ArmTrainer:
    """The trainer that a child process builds for itself from a run folder.

    Raises:
        UsageError: the data set, a feature or a recipe is not what the parent has.
    """
    opened = RunFolder.open(folder)
    resolved = opened.resolved
    dataset = load_data(resolved.data, None if data_dir is None else Path(data_dir))
    check_data(resolved, dataset)
    registry = registry_of(opened)
    changed = [f"feature '{name}'" for name, was in digests.items() if registry.features[name].digest() != was]
    # What must be said goes to the parent with the trainer, for each of its children would say it again.
    trainer = trainer_for(resolved, registry, dataset, device=device, debug=debug, announce=_leave_it_to_the_parent)
    changed += [
        f"the recipe of arm '{name}'"
        for name, recipe in trainer.recipes.items()
        if recipe.fingerprint() != fingerprints[name]
    ]
    if changed:
        raise UsageError(
            f"While the study ran, {changed[0]} changed in its file. Undo the edit and resume, or start a new study."
        )
    return trainer


def _leave_it_to_the_parent(line: str) -> None:
    """Say nothing."""


def check_data(resolved: ResolvedStudy, dataset: Dataset) -> None:
    """Refuse a data set whose content is not what the study began with: a report never mixes two.

    Raises:
        UsageError: the digests differ.
    """
    if dataset.digest != resolved.data_digest:
        raise UsageError(
            f"Data set '{dataset.name}' has changed: its digest is {dataset.digest[:12]}, the run folder's {resolved.data_digest[:12]}. "
            "Import the same set again, or start a new study."
        )
