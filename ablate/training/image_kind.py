"""Image recipes: what opens, plans and trains a study of them, in torch."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import torch

from ablate import datasets
from ablate.datasets import Dataset
from ablate.errors import AblateError, DataError, UsageError
from ablate.formats.canonical import Json
from ablate.machine.programs import ask, same_modules
from ablate.parts.network import NUM_CLASSES
from ablate.recipes.images import ImageRecipe
from ablate.recipes.registry import Registry
from ablate.store.records import Environment
from ablate.store.resolved import ResolvedStudy
from ablate.study import Arm, Study
from ablate.training.arm_trainer import ArmTrainer, trial_environment
from ablate.training.compilation import why_not_compiling
from ablate.training.kinds import AUTO, COMPUTE_DTYPE, CURVES, Announce, Kind
from ablate.training.presets import choose_preset, compose_arm, presets_of
from ablate.training.rehearsal import rehearse
from ablate.training.session import compute_dtype_of, dtype_named, find_device, num_taken, open_device

_LOOK_SECONDS = 600.0
"""Long enough to start CUDA and to compile a first function with nothing cached."""


class ImageKind(Kind):
    """Opens devices by torch, loads image sets, compiles; its trainer is the `ArmTrainer`."""

    in_torch = True

    def find_device(self, name: str) -> str:
        """See `Kind`."""
        return str(find_device(name))

    def open_device(self, name: str) -> None:
        """See `Kind`."""
        open_device(name)

    def choose_preset(self, preset: str, device: str) -> str:
        """See `Kind`: `full` on a GPU, `mini` elsewhere."""
        return choose_preset(preset, torch.device(device), presets_of(self.registry))

    def choose_compute_dtype(self, name: str, device: str) -> str:
        """See `Kind`."""
        dtype_named(name, torch.device(device))
        return name

    def check_study(self, study: Study, *, curves: bool) -> None:
        """See `Kind`: lengths and curves are the trainer's own."""

    def load_data(self, name: str, data_dir: Path | None, announce: Announce) -> Dataset:
        """See `Kind`."""
        return load_data(name, data_dir, announce)

    def compose(self, arm: Arm, preset: str) -> ImageRecipe:
        """See `Kind`."""
        return compose_arm(self.registry, arm, preset)

    def compile_keys(self, study: Study, preset: str) -> Mapping[str, str]:
        """The compile key of each arm."""
        return {arm.name: self.compose(arm, preset).compile_key() for arm in study.arms}

    def piece_shares(self, study: Study, preset: str, data: Any) -> Mapping[str, float]:
        """See `Kind`; an arm whose images do not fill a batch has none, and fails when it runs."""
        num_images = num_taken(len(data.train_images), presets_of(self.registry)[preset].images)
        shares = {}
        for arm in study.arms:
            with suppress(ValueError):
                plan = self.compose(arm, preset).plan(num_images)
                shares[arm.name] = min(1.0, sum(map(len, plan.sampled().windows)) / plan.num_steps)
        return shares

    def versions(self) -> Mapping[str, str | None]:
        """See `Kind`."""
        return {"torch": str(torch.__version__)}

    def planned_environment(self, resolved: ResolvedStudy, *, opened: bool = True) -> Environment:
        """See `Kind`."""
        if opened:
            return planned_environment(resolved)
        device = torch.device(resolved.device)
        dtype = _compute_dtype(device, _dtype_asked(resolved))
        return trial_environment(device, dtype, {"preset": resolved.preset}, opened=False)

    def environment_here(self, resolved: ResolvedStudy, *, in_child: bool) -> Environment:
        """See `Kind`: with "compiling", which takes a GPU to be opened."""
        if in_child and not resolved.device.startswith("cpu"):
            return environment_in_a_child(resolved)
        return planned_environment(resolved, compiling=why_not_compiling(open_device(resolved.device)) is None)

    def trainer(
        self,
        resolved: ResolvedStudy,
        data: Any,
        *,
        device: str | None,
        debug: bool,
        folder: Path | None = None,
        timeout_seconds: float | None = None,
    ) -> ArmTrainer:
        """See `Kind`; its remarks say what its numbers cannot show."""
        trainer = ArmTrainer(
            registry=self.registry,
            arms=resolved.study.arms,
            preset=resolved.preset,
            dataset=cast(Dataset, data),
            device=device or resolved.device,
            curves=bool(resolved.overrides.get(CURVES, False)),
            compute_dtype=_dtype_asked(resolved),
            debug=debug,
        )
        trainer.remarks = tuple(_remarks(self.registry, trainer))
        return trainer

    def rehearse(self, arms: Iterable[Arm], device: str) -> None:
        """See `Kind`: parts of the user's own are tried for a few steps."""
        rehearse(self.registry, arms, open_device(device))


def load_data(name: str, data_dir: Path | None, announce: Announce) -> Dataset:
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


def planned_environment(resolved: ResolvedStudy, **facts: Json) -> Environment:
    """The environment that trials of this study will have here, so far as it is known before one has run."""
    device = open_device(resolved.device)
    dtype = _compute_dtype(device, _dtype_asked(resolved))
    return trial_environment(device, dtype, {"preset": resolved.preset, **facts})


def environment_in_a_child(resolved: ResolvedStudy) -> Environment:
    """The environment that trials of this study will have here, "compiling" included, as a process of its own has found it.

    For a parent of children, which leaves the device to them.

    Raises:
        UsageError: the device does not work.
        AblateError: the process ended without an answer.
    """
    program = (
        f"from {__name__} import {_print_environment.__name__} as look; "
        f"look({resolved.device!r}, {resolved.preset!r}, {_dtype_asked(resolved)!r})"
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


def _print_environment(device: str, preset: str, compute_dtype: str) -> None:
    """What a child of `environment_in_a_child` does: the environment as one line of JSON, or why there is none."""
    try:
        opened = open_device(device)
    except UsageError as error:
        print(json.dumps({"refused": str(error)}))
        return
    facts: dict[str, Json] = {"preset": preset, "compiling": why_not_compiling(opened) is None}
    dtype = _compute_dtype(opened, compute_dtype)
    print(json.dumps(trial_environment(opened, dtype, facts).to_json()))


def _compute_dtype(device: torch.device, asked: str) -> torch.dtype:
    return dtype_named(asked, device) or compute_dtype_of(device)


def _dtype_asked(resolved: ResolvedStudy) -> str:
    return str(resolved.overrides.get(COMPUTE_DTYPE, AUTO))


def _remarks(registry: Registry, trainer: ArmTrainer) -> Iterator[str]:
    if trainer.compiling is not None:
        yield f"NOTHING IS COMPILED: {trainer.compiling}. Every arm runs eager; `ablate doctor` says what is missing."
    dtype = str(trainer.compute_dtype).removeprefix("torch.")
    if trainer.compute_dtype in (torch.float32, torch.float64) and _asks_about_precision(registry, trainer):
        yield f"The compute dtype on {trainer.device} is {dtype}: arms that differ in precision differ in memory layout only here."
    if trainer.compute_dtype == torch.float16 and trainer.device.type == "cpu":
        yield "float16 on a CPU is some 30 times slower than float32: its times say nothing about a GPU's."


def _asks_about_precision(registry: Registry, trainer: ArmTrainer) -> bool:
    baseline = cast(ImageRecipe, registry.baseline)
    return len({recipe.precision for recipe in trainer.recipes.values()} | {baseline.precision}) > 1
