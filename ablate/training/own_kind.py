"""Recipes of one's own: what opens, plans and trains a study of them, whatever they run. Free of torch."""

import hashlib
import os
import re
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import cast

from ablate.engine.trainer import untried_record
from ablate.errors import DataError, UsageError, near_match_and_all
from ablate.formats.canonical import Json, digest
from ablate.machine import nvidia
from ablate.machine.environment import describe_plainly, installed_version
from ablate.recipes.own import Measured, OwnRecipe, TrialContext
from ablate.recipes.source import folder_of
from ablate.store.records import Environment, FinishedTrial, Measurements, RecipeRecord, Status
from ablate.store.resolved import ResolvedStudy
from ablate.study import Arm, Study
from ablate.study.schedule import TrialSpec
from ablate.training.kinds import AUTO, Announce, Data, Kind, TrialFailure

SCRATCH = "scratch"
"""The part of a run folder where trials have their scratch folders, until they succeed."""

_DEVICES = ("auto", "cpu", "cuda", "mps", "xpu")
_FULL, _MINI = "full", "mini"


@dataclass(frozen=True, slots=True)
class OwnData:
    """What recipes of one's own say that they are trained on."""

    name: str
    digest: str


class OwnKind(Kind):
    """Takes devices by name, data by what the recipe says of it; nothing is compiled, so no trial is warmed up."""

    @property
    def recipe(self) -> OwnRecipe:
        """The baseline, which speaks for all recipes of the registry."""
        return cast(OwnRecipe, self.registry.baseline)

    @property
    def who(self) -> str:
        """What messages call the recipes."""
        return type(self.recipe).__name__

    def find_device(self, name: str) -> str:
        """See `Kind`; whether a device works is for the training to find out."""
        if name == "auto":
            hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
            return "cuda" if not hidden and nvidia.gpu_names() else "cpu"
        kind, _, ordinal = name.partition(":")
        if kind not in _DEVICES or not re.fullmatch(r"\d*", ordinal):
            meant = "cuda" if name.lower() == "gpu" else name
            raise UsageError(f"Unknown device '{name}'.{near_match_and_all(meant, _DEVICES)}")
        return name

    def open_device(self, name: str) -> None:
        """See `Kind`: nothing here touches a device."""

    def choose_preset(self, preset: str, device: str) -> str:
        """See `Kind`: of the presets that the recipe declares, `full` on a GPU, `mini` elsewhere if there is one."""
        declared = self.recipe.presets
        if preset == "auto":
            return _MINI if _MINI in declared and device.partition(":")[0] != "cuda" else _FULL
        if preset not in declared:
            if len(declared) == 1:
                raise UsageError(
                    f"--preset {preset} means nothing for {self.who}, which is always run in full. "
                    f'Declare sizes in the class, presets = {{"full": 1.0, "{_MINI}": 0.1}}, and mind trial.size.'
                )
            raise UsageError(f"Unknown preset '{preset}'.{near_match_and_all(preset, ['auto', *declared])}")
        return preset

    def choose_compute_dtype(self, name: str, device: str) -> str:
        """See `Kind`."""
        if name != AUTO:
            raise UsageError(
                f"--compute-dtype means nothing for {self.who}: a recipe of one's own computes in what it likes."
            )
        return name

    def fitted(self, study: Study) -> Study:
        """See `Kind`."""
        return study.override(
            preset=None if study.preset in self.recipe.presets else "auto",
            data=None if study.data == self.recipe.data else "auto",
            processes=study.processes,
        )

    def check_study(self, study: Study, *, curves: bool) -> None:
        """See `Kind`."""
        if curves:
            raise UsageError(
                f"--curves means nothing for {self.who}: a recipe of one's own gives its curve with each result, if it has one."
            )
        if study.clock == "interleaved":
            raise UsageError(
                f"--clock interleaved means nothing for {self.who}, whose trainings cannot be paused: it takes image recipes. "
                "Leave the option out; --processes 5 gives intervals of time."
            )
        long = next((arm for arm in study.arms if arm.length != 1.0), None)
        if long is not None and not self.recipe.honours_lengths:
            raise UsageError(
                f"Arm '{long.name}' has length {long.length:g}, and {self.who} does not honour lengths. Take a design without "
                "lengths, or mind trial.length in the training and say `honours_lengths = True` in the class."
            )

    def load_data(self, name: str, data_dir: Path | None, announce: Announce) -> OwnData:
        """See `Kind`: the recipe's own words for it, and a digest of these and of the files it names."""
        if name not in ("auto", self.recipe.data) or data_dir is not None:
            option = f"--data {name}" if data_dir is None else "--data-dir"
            raise UsageError(f"{option} means nothing for {self.who}, which brings its own data: {self.recipe.data}.")
        recipe = type(self.recipe)
        files: dict[str, Json] = {file: _file_digest(folder_of(recipe) / file) for file in self.recipe.data_files}
        return OwnData(self.recipe.data, digest({"recipe": recipe.__name__, "data": self.recipe.data, "files": files}))

    def compose(self, arm: Arm, preset: str) -> OwnRecipe:
        """See `Kind`."""
        return cast(OwnRecipe, self.registry.compose(arm.features)).scaled_to(preset, arm.length)

    def versions(self) -> Mapping[str, str | None]:
        """See `Kind`: torch's version as it is installed, whether or not the training uses it."""
        return {"torch": installed_version("torch")}

    def planned_environment(self, resolved: ResolvedStudy, *, opened: bool = True) -> Environment:
        """See `Kind`."""
        return describe_plainly(resolved.device, {"preset": resolved.preset})


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"Cannot read {path}, which the recipe names in data_files: {error.strerror}.") from error


class LateTrial(TrialFailure):
    """A trial that was stopped at its time limit."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What a training gave, and the wall clock around it in seconds."""

    measured: Measured
    wall_seconds: float


class OwnTrainer:
    """Trains the arms of one study of recipes of one's own; see `ablate.engine.trainer.Trainer`.

    `folder` is the run folder, where trials get their scratch folders; None takes the system's place for temporary files.
    """

    remarks: tuple[str, ...] = ()

    def __init__(
        self, kind: OwnKind, resolved: ResolvedStudy, data: Data, *, device: str | None, folder: Path | None
    ) -> None:
        self.device = kind.find_device(device or resolved.device)
        self.preset = resolved.preset
        self.data = data
        self.folder = None if folder is None else folder.resolve()
        arms = resolved.study.arms
        self.recipes = {arm.name: kind.compose(arm, resolved.preset) for arm in arms}
        self._records: dict[str, RecipeRecord] = {
            arm.name: self.recipes[arm.name].record(tuple(sorted(kind.registry.expand(arm.features)))) for arm in arms
        }

    @abstractmethod
    def measure(self, recipe: OwnRecipe, trial: TrialContext) -> Timed:
        """Do the work of one trial.

        Raises:
            TrialFailure: it gave no result.
        """

    def is_warm(self, arm: str) -> bool:
        """Nothing is compiled for a recipe of one's own."""
        return True

    def warm_up(self, arm: str) -> None:
        """There is nothing to warm up."""

    def train(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """Run one trial; whatever goes wrong with it is a record too.

        Raises:
            UsageError: a file that belongs to the recipe is not what it was.
        """
        recipe = self.recipes[spec.arm]
        if recipe.fingerprint() != self._records[spec.arm].fingerprint:
            raise UsageError(
                f"While the study ran, a file that the recipe of arm '{spec.arm}' names has changed. "
                "Undo the edit and resume, or start a new study."
            )
        untried = self.untried(spec, process)
        scratch = self._new_scratch(spec)
        status: Status = "ok"
        timed, error = None, None
        try:
            timed = self.measure(recipe, self._context(spec, recipe, scratch))
        except TrialFailure as failure:
            status = "timeout" if isinstance(failure, LateTrial) else "failed"
            error = f"{str(failure).rstrip('.')}. Its scratch folder is {scratch}."
        finally:
            if error is None:
                shutil.rmtree(scratch, ignore_errors=True)
                self._remove_empty(scratch.parent)
        if timed is None:
            return replace(untried, trial=replace(untried.trial, status=status, error=error))
        environment = self.environment(own_clock=timed.measured.seconds is not None)
        trial = replace(untried.trial, status="ok", measurements=_measurements(timed), environment=environment.digest)
        return replace(untried, trial=trial, environment=environment)

    def untried(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """The record of a trial that has given nothing yet."""
        recipe, environment = self._records[spec.arm], self.environment()
        return untried_record(
            spec, process, recipe=recipe, environment=environment, data=self.data.name, data_digest=self.data.digest
        )

    def environment(self, *, own_clock: bool = False) -> Environment:
        """What the trials of this process ran on; `own_clock`: one of them brought its own time."""
        clock = "the training's own" if own_clock else "wall clock around the training"
        return describe_plainly(self.device, {"preset": self.preset, "clock": clock})

    def _context(self, spec: TrialSpec, recipe: OwnRecipe, scratch: Path) -> TrialContext:
        return TrialContext(
            # 31 of its 63 bits, which every language's generators take.
            seed=spec.seed >> 32,
            device=self.device,
            scratch=scratch,
            arm=spec.arm,
            block=spec.block,
            **asdict(recipe.run_scale),
        )

    def _remove_empty(self, above: Path) -> None:
        if self.folder is not None:
            with suppress(OSError):
                above.rmdir()

    def _new_scratch(self, spec: TrialSpec) -> Path:
        prefix = f"{file_stem(spec)}-"
        if self.folder is None:
            return Path(tempfile.mkdtemp(prefix=prefix))
        while True:
            # Another process may find it empty, and remove it, between the two.
            with suppress(FileNotFoundError):
                (self.folder / SCRATCH).mkdir(parents=True, exist_ok=True)
                return Path(tempfile.mkdtemp(prefix=prefix, dir=self.folder / SCRATCH))


def file_stem(spec: TrialSpec) -> str:
    """A trial's name as part of a file's: "all - silu" of block 3 is "all-silu-3"."""
    arm = re.sub(r"[^\w.+=@-]+", "", spec.arm)[:80]
    return f"{arm}-{spec.block}"


def _measurements(timed: Timed) -> Measurements:
    measured = timed.measured
    return Measurements(
        score=measured.score,
        time_seconds=timed.wall_seconds if measured.seconds is None else measured.seconds,
        wall_seconds=timed.wall_seconds,
        curve=tuple(measured.curve),
        extra=dict(measured.extra),
    )
