"""From a study to what trains it: its names resolved against a registry and its data, and its trainer built from a run folder.

What depends on the kind of recipe is asked of its `Kind`. Free of torch until that needs it.
"""

import datetime
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ablate.engine.trainer import Trainer, untried_record
from ablate.errors import UsageError
from ablate.formats.canonical import Json
from ablate.lineages.loading import load_registry
from ablate.machine.environment import source_state
from ablate.recipes.registry import Registry
from ablate.store.records import FinishedTrial
from ablate.store.resolved import FEATURES_OPTION, REGISTRY_OPTION, FeatureRecord, ResolvedStudy, SourceFile
from ablate.store.run_folder import RunFolder
from ablate.study import Study
from ablate.study.schedule import TrialSpec
from ablate.training.kinds import CURVES, Announce, Data, Kind, kind_of

DEVICES_ELSEWHERE = ("cuda", "cpu", "mps")


def say_on_stderr(line: str) -> None:
    """The announcement of last resort."""
    print(line, file=sys.stderr, flush=True)


def resolve_study(
    study: Study,
    registry: Registry,
    data: Data,
    *,
    device: str = "auto",
    command: Sequence[str] = (),
    overrides: Mapping[str, Json] | None = None,
    features_from: Path | None = None,
    registry_file: Path | None = None,
    elsewhere: bool = False,
) -> ResolvedStudy:
    """A study with all its names looked up, ready to be written into a run folder. `elsewhere`: no trial runs on this machine, which
    need not have the device then.

    Raises:
        UsageError: an unknown name, an impossible combination, an unknown device or preset, an unreadable file.
    """
    study = study.possible(registry)
    kind = kind_of(registry)
    found = device_for(kind, device, elsewhere=elsewhere)
    preset = kind.choose_preset(study.preset, found)
    kind.check_study(study, curves=bool((overrides or {}).get(CURVES, False)))
    arm_features = {arm.name: registry.expand(arm.features) for arm in study.arms}
    used = frozenset().union(*arm_features.values())
    named = ((REGISTRY_OPTION, registry_file), (FEATURES_OPTION, features_from))
    return ResolvedStudy(
        study=study,
        schedule=study.schedule(),
        arm_features={name: tuple(sorted(features)) for name, features in arm_features.items()},
        fingerprints={arm.name: kind.compose(arm, preset).fingerprint() for arm in study.arms},
        features=tuple(_feature_record(registry, name) for name in (*registry.names, *registry.extras) if name in used),
        groups=tuple(registry.groups.values()),
        score=registry.score,
        ladders=tuple(registry.ladders.values()),
        lineage=registry.lineage,
        preset=preset,
        device=found,
        data=data.name,
        data_digest=data.digest,
        created_at=datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
        command=tuple(command),
        overrides=dict(overrides or {}),
        versions=software_versions(kind),
        files=tuple(SourceFile.of(option, path) for option, path in named if path is not None),
    )


def device_for(kind: Kind, device: str, *, elsewhere: bool) -> str:
    """The device that a user asked for; one that is named and used `elsewhere` is not looked for here.

    Raises:
        UsageError: no such device, or not on this machine.
    """
    return device if elsewhere and device in DEVICES_ELSEWHERE else kind.find_device(device)


def software_versions(kind: Kind) -> dict[str, str | None]:
    """What decides whether two sittings ran the same code: package, commit, Python, and what the kind of recipe adds."""
    source = source_state()
    return {
        "ablate": source.version,
        "commit": source.commit,
        "python": platform.python_version(),
        **kind.versions(),
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


def trainer_for(
    resolved: ResolvedStudy,
    registry: Registry,
    data: Data,
    *,
    device: str | None = None,
    debug: bool = False,
    folder: Path | None = None,
    timeout_seconds: float | None = None,
    announce: Announce = say_on_stderr,
) -> Trainer:
    """The trainer of a study's arms; says loudly what its numbers cannot show. `folder` is the run folder, for what it keeps there."""
    trainer = kind_of(registry).trainer(
        resolved, data, device=device, debug=debug, folder=folder, timeout_seconds=timeout_seconds
    )
    for remark in trainer.remarks:
        announce(remark)
    return trainer


def untried_by(resolved: ResolvedStudy, registry: Registry) -> Callable[[TrialSpec, int], FinishedTrial]:
    """Makes the record of a trial whose child died before it could say what it was about to do."""
    arms = {arm.name: arm for arm in resolved.study.arms}
    kind = kind_of(registry)

    def untried(spec: TrialSpec, process: int) -> FinishedTrial:
        environment = kind.planned_environment(resolved, opened=False)
        recipe = kind.compose(arms[spec.arm], resolved.preset).record(resolved.arm_features[spec.arm])
        return untried_record(
            spec,
            process,
            recipe=recipe,
            environment=environment,
            data=resolved.data,
            data_digest=resolved.data_digest,
            begun=False,
        )

    return untried


def child_arguments(
    folder: RunFolder,
    now: ResolvedStudy,
    *,
    data_dir: Path | None,
    device: str | None,
    debug: bool,
    timeout_seconds: float | None = None,
) -> dict[str, Any]:
    """What `child_trainer` is called with, as JSON; `now` is the study as its parent knows it."""
    return {
        "folder": str(folder.path.resolve()),
        "data_dir": None if data_dir is None else str(data_dir.resolve()),
        "device": device,
        "debug": debug,
        "timeout_seconds": timeout_seconds,
        "digests": {feature.name: feature.digest for feature in now.features},
        "fingerprints": dict(now.fingerprints),
    }


def child_trainer(
    folder: str,
    data_dir: str | None,
    device: str | None,
    debug: bool,
    timeout_seconds: float | None,
    digests: Mapping[str, str],
    fingerprints: Mapping[str, str],
) -> Trainer:
    """The trainer that a child process builds for itself from a run folder.

    Raises:
        UsageError: the data set, a feature or a recipe is not what the parent has.
    """
    opened = RunFolder.open(folder)
    resolved = opened.resolved
    registry = registry_of(opened)
    kind = kind_of(registry)
    data = kind.load_data(resolved.data, None if data_dir is None else Path(data_dir), say_on_stderr)
    check_data(resolved, data)
    changed = [f"feature '{name}'" for name, was in digests.items() if registry.features[name].digest() != was]
    changed += [
        f"the recipe of arm '{arm.name}'"
        for arm in resolved.study.arms
        if kind.compose(arm, resolved.preset).fingerprint() != fingerprints[arm.name]
    ]
    if changed:
        raise UsageError(
            f"While the study ran, {changed[0]} changed in its file. Undo the edit and resume, or start a new study."
        )
    # What must be said goes to the parent with the trainer, for each of its children would say it again.
    return trainer_for(
        resolved,
        registry,
        data,
        device=device,
        debug=debug,
        folder=opened.path,
        timeout_seconds=timeout_seconds,
        announce=_leave_it_to_the_parent,
    )


def _leave_it_to_the_parent(line: str) -> None:
    """Say nothing."""


def check_data(resolved: ResolvedStudy, data: Data) -> None:
    """Refuse a data set whose content is not what the study began with: a report never mixes two.

    Raises:
        UsageError: the digests differ.
    """
    if data.digest != resolved.data_digest:
        raise UsageError(
            f"Data set '{data.name}' has changed: its digest is {data.digest[:12]}, the run folder's {resolved.data_digest[:12]}. "
            "Import the same set again, or start a new study."
        )
