"""Trains any arm of a study on one device: composes its recipe, warms it up, trains, measures and records."""

import datetime
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch

from ablate.compilation import allow_many_arms, compile_seconds, count_compiles, why_not_compiling
from ablate.datasets import Dataset
from ablate.design import Arm
from ablate.environment import describe, gpu_state
from ablate.errors import AblateError, UsageError, near_match
from ablate.parts import PRESETS, NoCompile
from ablate.recipe import Plan, Recipe
from ablate.records import Environment, FinishedTrial, Json, Measurements, Trial, TrialSpec
from ablate.registry import Registry
from ablate.session import Clock, DeviceImages, Streams, compute_dtype_of, open_device
from ablate.train import CompiledNetwork, Outcome, accuracy, build_network, evaluate_plainly, train

WARM_UP_SEED = 0


class TrialFailure(Exception):
    """A trial that ended without a result, with its reason and remedy in one line."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What warming up cost, in seconds; compiling is part of it."""

    seconds: float
    compile_seconds: float


@dataclass(frozen=True, slots=True)
class ReadyArm:
    """A warm recipe with all that its trials use."""

    recipe: Recipe
    plan: Plan
    compiled: CompiledNetwork
    images: DeviceImages
    warm_up: WarmUp


class ArmTrainer:
    """Trains the arms of one study in this process.

    Networks are kept by compile key: arms that share a key share the compiled network. `compiling` is None where torch.compile
    works, else the reason why every arm runs eager. `debug` prints the traceback of a trial that fails.

    Raises:
        UsageError: an unknown preset or device, or features that cannot be combined.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        arms: Iterable[Arm],
        preset: str,
        dataset: Dataset,
        device: str = "auto",
        curves: bool = False,
        debug: bool = False,
    ) -> None:
        self.device = open_device(device)
        self.compute_dtype = compute_dtype_of(self.device)
        self.preset = choose_preset(preset, self.device)
        self.dataset = dataset
        self.curves = curves
        self.debug = debug
        self.clock = Clock(self.device)
        self.arms = {arm.name: arm for arm in arms}
        self.features = {arm.name: tuple(sorted(registry.expand(arm.features))) for arm in self.arms.values()}
        self.recipes = {arm.name: compose_arm(registry, arm, self.preset) for arm in self.arms.values()}
        torch.backends.cudnn.benchmark = True
        allow_many_arms()
        self.compiling = why_not_compiling(self.device)
        self._baseline_compiler = registry.baseline.compiler
        self._networks: dict[str, CompiledNetwork] = {}
        self._warm: set[str] = set()
        self._images: DeviceImages | None = None

    def train(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """Run one trial; whatever goes wrong with its arm is a record too."""
        recipe = self.recipes[spec.arm].record(self.features[spec.arm])
        environment = self.environment()
        trial = Trial(
            spec=spec,
            status="failed",
            process=process,
            started_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"),
            recipe=recipe.digest,
            environment=environment.digest,
            data=self.dataset.name,
            data_digest=self.dataset.digest,
        )
        try:
            ready = self._prepare(self.recipes[spec.arm])
            trial = replace(trial, device_before=gpu_state(str(self.device)))
            trial = replace(trial, status="ok", measurements=self._measure(ready, spec.seed))
        except TrialFailure as failure:
            trial = replace(trial, error=str(failure))
        except AblateError:
            raise
        except Exception as failure:
            if self.debug:
                traceback.print_exc()
            trial = replace(trial, error=self._explain(failure))
        trial = replace(trial, device_after=gpu_state(str(self.device)))
        return FinishedTrial(trial=trial, recipe=recipe, environment=environment)

    def environment(self) -> Environment:
        """What the trials of this process ran on."""
        facts: dict[str, Json] = {"preset": self.preset, "compiling": self.compiling is None}
        return describe(str(self.device), str(self.compute_dtype).removeprefix("torch."), facts)

    def _prepare(self, published: Recipe) -> "ReadyArm":
        """Everything a trial needs, warmed up."""
        recipe = self._runnable(published)
        images = self._device_images()
        try:
            plan = recipe.plan(len(images.train_images))
        except ValueError as error:
            raise TrialFailure(f"{error}. Use a larger data set or preset.") from error
        warm_up = self._warm_up(recipe, plan, images)
        return ReadyArm(recipe, plan, self._networks[recipe.compile_key()], images, warm_up)

    def _measure(self, ready: "ReadyArm", seed: int) -> Measurements:
        images, streams, curve = ready.images, Streams(seed, self.device), list[float]()
        compiles = count_compiles()
        after_epoch = self._validator(images, curve) if self.curves else _no_validation
        outcome = train(ready.recipe, ready.plan, ready.compiled, images, streams, self.clock, after_epoch)
        if not (compiled_inside := compiles()).nothing:
            raise TrialFailure(
                f"{compiled_inside.graphs} graphs were compiled inside the clock, so its time means nothing. "
                "A part changes shapes, strides or Python numbers between warm-up and trial; pass tensors instead."
            )
        self._check_finite(outcome, ready.plan)
        return Measurements(
            accuracy=evaluate_plainly(ready.compiled.network, images.test_images, images.test_labels),
            tta_accuracy=accuracy(outcome.tta_logits, images.test_labels),
            time_seconds=outcome.time_seconds,
            train_seconds=outcome.train_seconds,
            tta_seconds=outcome.tta_seconds,
            reset_seconds=outcome.reset_seconds,
            wall_seconds=outcome.wall_seconds,
            warm_up_seconds=ready.warm_up.seconds,
            compile_seconds=ready.warm_up.compile_seconds,
            curve=tuple(curve),
        )

    def _runnable(self, recipe: Recipe) -> Recipe:
        """The recipe as this machine can run it: eager where nothing can be compiled, unless the study asks about just that."""
        if self.compiling is None:
            return recipe
        compilers = {each.compiler for each in self.recipes.values()}
        if len(compilers) > 1 and recipe.compiler != self._baseline_compiler:
            raise TrialFailure(
                f"This arm differs in what is compiled, and nothing can be compiled here: {self.compiling}. "
                "Install a C++ compiler (`ablate doctor`), or leave the feature out."
            )
        return replace(recipe, compiler=NoCompile())

    def _device_images(self) -> DeviceImages:
        """The data set's images on the device, as many as the preset takes: the first ones in storage order."""
        if self._images is None:
            fraction = PRESETS[self.preset].images

            def load(images: Any) -> torch.Tensor:
                taken = torch.from_numpy(images[: max(1, round(len(images) * fraction))].copy())
                on_device = taken.to(self.device).permute(0, 3, 1, 2)
                return on_device.to(self.compute_dtype).div_(255)

            def labels(values: Any) -> torch.Tensor:
                return torch.from_numpy(values[: max(1, round(len(values) * fraction))].copy()).to(self.device)

            self._images = DeviceImages(
                train_images=load(self.dataset.train_images),
                train_labels=labels(self.dataset.train_labels),
                test_images=load(self.dataset.test_images),
                test_labels=labels(self.dataset.test_labels),
            )
        return self._images

    def _warm_up(self, recipe: Recipe, plan: Plan, images: DeviceImages) -> WarmUp:
        """Compile and run everything a recipe will call, on random images and labels of the same shapes; once a process.

        The trial that finds its recipe warm already pays nothing.
        """
        fingerprint = recipe.fingerprint()
        if fingerprint in self._warm:
            return WarmUp(0.0, 0.0)
        began, compiling_began = time.perf_counter(), compile_seconds()
        key = recipe.compile_key()
        if key not in self._networks:
            self._networks[key] = build_network(recipe, self.compute_dtype, self.device)
        # A GPU captures graphs and fills its memory pool over the first steps of each kind, so it gets a whole run.
        warm_plan = plan if self.device.type == "cuda" else plan.shortened()
        streams = Streams(WARM_UP_SEED, self.device)
        noise = _noise_like(images, streams["warm-up"])
        network = self._networks[key]
        train(recipe, warm_plan, network, noise, streams, self.clock, self._validator(noise, []))
        evaluate_plainly(network.network, noise.test_images, noise.test_labels)
        self._warm.add(fingerprint)
        return WarmUp(time.perf_counter() - began, compile_seconds() - compiling_began)

    def _validator(self, images: DeviceImages, curve: list[float]) -> Callable[[torch.nn.Module], float]:
        """Validates after an epoch, into `curve`; gives the seconds it took."""

        def validate(network: Any) -> float:
            began = self.clock.mark()
            curve.append(evaluate_plainly(network, images.test_images, images.test_labels))
            return self.clock.seconds(began, self.clock.mark())

        return validate

    def _check_finite(self, outcome: Outcome, plan: Plan) -> None:
        if not bool(outcome.last_loss.isfinite()) or not bool(outcome.tta_logits.isfinite().all()):
            raise TrialFailure(
                f"The loss or the predictions were not finite after {plan.num_steps} steps. "
                f"Lower the learning rates, or see whether {self.compute_dtype} is enough for this recipe."
            )

    def _explain(self, failure: Exception) -> str:
        """One line: what went wrong in a trial, and what to do."""
        text = next(iter(str(failure).splitlines()), "")
        if isinstance(failure, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in text:
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            return (
                f"Out of memory on {self.device}. Free it (`ablate doctor` lists what uses it) or take `--preset mini`."
            )
        reason = f"{type(failure).__name__}: {text}" if text else type(failure).__name__
        return f"{reason.rstrip('.')}. Run again with --debug for the traceback."


def choose_preset(preset: str, device: torch.device) -> str:
    """The preset's name, "auto" resolved: `full` on a GPU, `mini` elsewhere.

    Raises:
        UsageError: no such preset.
    """
    if preset == "auto":
        return "full" if device.type == "cuda" else "mini"
    if preset not in PRESETS:
        raise UsageError(f"Unknown preset '{preset}'.{near_match(preset, ['auto', *PRESETS])}")
    return preset


def compose_arm(registry: Registry, arm: Arm, preset: str) -> Recipe:
    """The recipe of an arm at a preset's scale and the arm's length."""
    return registry.compose(arm.features).scaled(PRESETS[preset].lengthened(arm.length))


def _no_validation(network: torch.nn.Module) -> float:
    return 0.0


def _noise_like(images: DeviceImages, generator: torch.Generator) -> DeviceImages:
    """Random images and labels of the same shapes, dtypes and memory layout."""

    def noise(like: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(like).uniform_(generator=generator)

    def labels(like: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(like).random_(0, 10, generator=generator)

    return DeviceImages(
        train_images=noise(images.train_images),
        train_labels=labels(images.train_labels),
        test_images=noise(images.test_images),
        test_labels=labels(images.test_labels),
    )
