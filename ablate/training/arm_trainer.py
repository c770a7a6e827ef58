"""Trains any arm of a study on one device: composes its recipe, warms it up, trains, measures and records."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import torch

from ablate.datasets import Dataset
from ablate.engine.trainer import untried_record
from ablate.formats.canonical import Json
from ablate.machine.environment import describe, gpu_state
from ablate.machine.heap import keep_freed_memory
from ablate.parts import NoCompile
from ablate.parts.standardisation import Normalise
from ablate.recipes.images import ImageRecipe, Plan
from ablate.recipes.registry import Registry
from ablate.store.records import Environment, FinishedTrial, Measurements
from ablate.study import Arm
from ablate.study.schedule import TrialSpec
from ablate.training.compilation import (
    allow_many_arms,
    compile_seconds,
    count_compiles,
    refuse_compiles,
    why_not_compiling,
)
from ablate.training.failures import explain
from ablate.training.kinds import TrialFailure
from ablate.training.outcome import Compiled, Outcome, accuracy, evaluate_plainly, loop_of
from ablate.training.presets import choose_preset, compose_arm, presets_of
from ablate.training.rounds import time_arms
from ablate.training.session import Clock, DeviceImages, Streams, compute_dtype_of, dtype_named, open_device

WARM_UP_SEED = 0


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What warming up cost, in seconds; compiling is part of it."""

    seconds: float
    compile_seconds: float


NO_WARM_UP = WarmUp(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ReadyArm:
    """A warm recipe with all that its trials use."""

    recipe: ImageRecipe
    plan: Plan
    compiled: Compiled
    warm_up: WarmUp


class ArmTrainer:
    """Trains the arms of one study in this process; see `ablate.engine.trainer.Trainer`.

    Networks are kept by compile key: arms that share a key share the compiled network. `compiling` is None where torch.compile
    works, else the reason why every arm runs eager. `debug` prints the traceback of a trial that fails. `remarks` are left to
    whoever makes the trainer.

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
        compute_dtype: str = "auto",
        debug: bool = False,
    ) -> None:
        self.device = open_device(device)
        self.compute_dtype = dtype_named(compute_dtype, self.device) or compute_dtype_of(self.device)
        self.presets = presets_of(registry)
        self.preset = choose_preset(preset, self.device, self.presets)
        self.dataset = dataset
        self.curves = curves
        self.debug = debug
        self.clock = Clock(self.device)
        self.arms = {arm.name: arm for arm in arms}
        self.features = {arm.name: tuple(sorted(registry.expand(arm.features))) for arm in self.arms.values()}
        self.recipes = {arm.name: compose_arm(registry, arm, self.preset) for arm in self.arms.values()}
        torch.backends.cudnn.benchmark = True
        self.keeps_memory = self.device.type == "cpu" and keep_freed_memory()
        allow_many_arms()
        self.compiling = why_not_compiling(self.device)
        self._baseline_compiler = cast(ImageRecipe, registry.baseline).compiler
        self._networks: dict[str, Compiled] = {}
        self._warm: set[str] = set()
        self._ready: dict[str, ReadyArm] = {}
        self._broken: dict[str, str] = {}
        self._images: DeviceImages | None = None
        self.remarks: tuple[str, ...] = ()

    def is_warm(self, arm: str) -> bool:
        """Whether a trial of the arm can start at once, if only to say why it cannot run."""
        return arm in self._ready or arm in self._broken

    def warm_up(self, arm: str) -> None:
        """Compile and run everything the arm will call; what goes wrong fails its trials, one by one."""
        try:
            self._ready[arm] = self._prepare(self.recipes[arm])
        except Exception as failure:
            self._broken[arm] = explain(failure, self.device, debug=self.debug)

    def train(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """Run one trial; whatever goes wrong with its arm is a record too."""
        if not self.is_warm(spec.arm):
            self.warm_up(spec.arm)
        untried = self.untried(spec, process)
        before = gpu_state(str(self.device))
        measurements, error = None, self._broken.get(spec.arm)
        if error is None:
            try:
                measurements = self._measure(self._ready[spec.arm], spec)
            except Exception as failure:
                error = explain(failure, self.device, debug=self.debug)
        return self._finished(untried, measurements, error, before)

    def time_together(self, specs: Sequence[TrialSpec], process: int) -> Sequence[FinishedTrial]:
        """Time the arms of a round by the interleaved clock; whatever goes wrong with one is a record too."""
        untried = {spec.arm: self.untried(spec, process) for spec in specs}
        before = gpu_state(str(self.device))
        for arm in untried:
            if not self.is_warm(arm):
                self.warm_up(arm)
        # In the study's order, so that the reference is one arm in every round.
        ready = {arm: self._ready[arm] for arm in self.arms if arm in untried and arm in self._ready}
        seeds = {spec.arm: spec.seed for spec in specs}
        times = time_arms(ready, seeds, self._device_images(), self.clock, order_seed=specs[0].seed) if ready else {}
        finished = []
        for arm, record in untried.items():
            time = times.get(arm)
            measurements, error = None, self._broken.get(arm)
            if time is not None and time.failure is not None:
                error = explain(time.failure, self.device, debug=self.debug)
            elif time is not None and time.composed is not None:
                warm_up = self._warm_up_of(arm)
                measurements = Measurements(
                    time_seconds=time.composed.time_seconds,
                    train_seconds=time.composed.train_seconds,
                    tta_seconds=time.composed.tta_seconds,
                    wall_seconds=time.measuring_seconds,
                    warm_up_seconds=warm_up.seconds,
                    compile_seconds=warm_up.compile_seconds,
                )
            finished.append(self._finished(record, measurements, error, before))
        return finished

    def _finished(
        self,
        untried: FinishedTrial,
        measurements: Measurements | None,
        error: str | None,
        before: Mapping[str, Json] | None,
    ) -> FinishedTrial:
        trial = replace(
            untried.trial,
            status="failed" if measurements is None else "ok",
            measurements=measurements,
            error=error,
            device_before=before,
            device_after=gpu_state(str(self.device)),
        )
        return replace(untried, trial=trial)

    def _warm_up_of(self, arm: str) -> WarmUp:
        """What warming an arm up has cost, once: only the trial that found it cold has a warm-up."""
        ready = self._ready[arm]
        self._ready[arm] = replace(ready, warm_up=NO_WARM_UP)
        return ready.warm_up

    def untried(self, spec: TrialSpec, process: int) -> FinishedTrial:
        """The record of a trial that has given nothing yet."""
        recipe = self.recipes[spec.arm].record(self.features[spec.arm])
        environment = self.environment()
        return untried_record(
            spec,
            process,
            recipe=recipe,
            environment=environment,
            data=self.dataset.name,
            data_digest=self.dataset.digest,
        )

    def environment(self) -> Environment:
        """What the trials of this process ran on."""
        facts: dict[str, Json] = {"preset": self.preset, "compiling": self.compiling is None}
        facts |= {"keeps_memory": True} if self.keeps_memory else {}
        return trial_environment(self.device, self.compute_dtype, facts)

    def _prepare(self, published: ImageRecipe) -> "ReadyArm":
        """Everything a trial needs, warmed up."""
        recipe = self._runnable(published)
        try:
            plan = recipe.plan(len(self._device_images().train_images))
        except ValueError as error:
            raise TrialFailure(f"{error}. Use a larger data set or preset.") from error
        warm_up = self._warm_up(recipe, plan)
        return ReadyArm(recipe, plan, self._networks[recipe.compile_key()], warm_up)

    def _measure(self, ready: "ReadyArm", spec: TrialSpec) -> Measurements:
        images, streams, curve = self._device_images(), Streams(spec.seed, self.device), list[float]()
        compiles = count_compiles()
        normalise = ready.recipe.normaliser(images.train_images)
        after_epoch = self._validator(images, curve, normalise) if self.curves else _no_validation
        outcome = loop_of(ready.recipe).train(
            ready.recipe, ready.plan, ready.compiled, images, streams, self.clock, after_epoch
        )
        refuse_compiles(compiles())
        self._check_finite(outcome, ready.plan)
        warm_up = self._warm_up_of(spec.arm)
        # The times of a study whose trials are for the score alone are by another clock.
        is_timed = spec.measures != "score"
        return Measurements(
            accuracy=evaluate_plainly(ready.compiled.network, images.test_images, images.test_labels, normalise),
            score=accuracy(outcome.tta_logits, images.test_labels),
            time_seconds=outcome.time_seconds if is_timed else None,
            train_seconds=outcome.train_seconds if is_timed else None,
            tta_seconds=outcome.tta_seconds if is_timed else None,
            reset_seconds=outcome.reset_seconds,
            wall_seconds=outcome.wall_seconds,
            warm_up_seconds=warm_up.seconds,
            compile_seconds=warm_up.compile_seconds,
            curve=tuple(curve),
            extra=outcome.extra,
        )

    def _runnable(self, recipe: ImageRecipe) -> ImageRecipe:
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
        if self._images is None:
            fraction = self.presets[self.preset].images
            self._images = DeviceImages.of(self.dataset, fraction, self.device, self.compute_dtype)
        return self._images

    def _warm_up(self, recipe: ImageRecipe, plan: Plan) -> WarmUp:
        """Compile and run everything a recipe will call, on random images and labels of the same shapes; once a process.

        A recipe that another arm has warmed already costs nothing.
        """
        fingerprint = recipe.fingerprint()
        if fingerprint in self._warm:
            return NO_WARM_UP
        began, compiling_began = time.perf_counter(), compile_seconds()
        key = recipe.compile_key()
        if key not in self._networks:
            self._networks[key] = loop_of(recipe).build_network(recipe, self.compute_dtype, self.device)
        # A GPU captures graphs and fills its memory pool over the first steps of each kind, so it gets a whole run.
        warm_plan = plan if self.device.type == "cuda" else plan.shortened()
        streams = Streams(WARM_UP_SEED, self.device)
        noise = self._device_images().noise(streams["warm-up"])
        # The real images make room for the noise: together they would set the peak of the whole process's memory.
        self._images = None
        network, normalise = self._networks[key], recipe.normaliser(noise.train_images)
        loop_of(recipe).train(
            recipe, warm_plan, network, noise, streams, self.clock, self._validator(noise, [], normalise)
        )
        evaluate_plainly(network.network, noise.test_images, noise.test_labels, normalise)
        del noise
        self._device_images()
        self._warm.add(fingerprint)
        return WarmUp(time.perf_counter() - began, compile_seconds() - compiling_began)

    def _validator(
        self, images: DeviceImages, curve: list[float], normalise: Normalise
    ) -> Callable[[torch.nn.Module], float]:
        """Validates after an epoch, into `curve`; gives the seconds it took."""

        def validate(network: Any) -> float:
            began = self.clock.mark()
            curve.append(evaluate_plainly(network, images.test_images, images.test_labels, normalise))
            return self.clock.seconds(began, self.clock.mark())

        return validate

    def _check_finite(self, outcome: Outcome, plan: Plan) -> None:
        # In float16 the sum over a batch of 2,000 smoothed losses may overflow while every gradient is right: only NaN tells.
        if bool(outcome.last_loss.isnan()) or not bool(outcome.tta_logits.isfinite().all()):
            raise TrialFailure(
                f"The loss or the predictions were not finite after {plan.num_steps} steps. "
                f"Lower the learning rates, or see whether {self.compute_dtype} is enough for this recipe."
            )


def trial_environment(
    device: torch.device, compute_dtype: torch.dtype, facts: Mapping[str, Json], *, opened: bool = True
) -> Environment:
    """The environment of trials on a device; `facts` are what only their trainer knows, `opened` is that of `describe`."""
    return describe(str(device), str(compute_dtype).removeprefix("torch."), facts, opened=opened)


def _no_validation(network: torch.nn.Module) -> float:
    return 0.0
