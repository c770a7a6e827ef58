import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor

from ablate.datasets import Dataset
from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.parts import PRESETS, NoJitter, Scale
from ablate.parts.loss import summed_cross_entropy
from ablate.recipes.muon import MuonRecipe
from ablate.recipes.registry import Feature, Registry
from ablate.store.records import FinishedTrial, Trial
from ablate.study.arms import Arm
from ablate.study.schedule import TrialSpec
from ablate.training import arm_trainer, muon_loop, presets
from ablate.training.arm_trainer import ArmTrainer

TINY = Scale(width=0.125, batch=0.005, epochs=0.125)


def tiny_dataset(num_train: int = 48, num_test: int = 24) -> Dataset:
    rng = np.random.default_rng(0)

    def split(number: int) -> tuple[Any, Any]:
        return rng.integers(0, 256, (number, 32, 32, 3), dtype=np.uint8), np.arange(number) % 10

    return Dataset.of("tiny", tuple("abcdefghij"), split(num_train), split(num_test))


DATASET = tiny_dataset()


@pytest.fixture(autouse=True)
def tiny_and_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "tiny", TINY)
    monkeypatch.setattr(arm_trainer, "why_not_compiling", lambda device: "no C++ compiler")
    monkeypatch.setattr(arm_trainer, "compute_dtype_of", lambda device: torch.float32)


def own(name: str, **patch: Any) -> Feature:
    return Feature(name=name, group="optimiser", summary="Own.", patch=patch, source="here")


def trainer(arms: dict[str, set[str]], *extra: Feature, **settings: Any) -> ArmTrainer:
    defaults: dict[str, Any] = {"preset": "tiny", "dataset": DATASET, "device": "cpu"}
    registry: Registry = load_registry().extended(extra) if extra else load_registry()
    named = [Arm(name=name, features=frozenset(features)) for name, features in arms.items()]
    return ArmTrainer(registry=registry, arms=named, **{**defaults, **settings})


def spec(arm: str, seed: int = 5, block: int = 0) -> TrialSpec:
    return TrialSpec(arm=arm, block=block, position=0, process=0, seed=seed)


def failure_of(finished: FinishedTrial) -> str:
    trial = finished.trial
    assert trial.status == "failed"
    assert trial.measurements is None
    assert trial.error is not None
    assert len(trial.error.splitlines()) == 1
    assert Trial.from_json(trial.to_json()) == trial
    return trial.error


@dataclass(frozen=True, kw_only=True)
class RaisingJitter(NoJitter):
    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Any) -> Tensor:
        raise ValueError("the colours ran out\nof the box")


@dataclass(frozen=True, kw_only=True)
class FailingJitter(NoJitter):
    kind: str

    def jitter(self, images_NCHW: Tensor, generator: torch.Generator, compiler: Any) -> Tensor:
        raise {
            "gpu": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
            "cpu": RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
            "python": MemoryError(),
            "torn": ImportError("cache/d6/kernel.main.so: file too short"),
        }[self.kind]


def test_a_trial_is_measured_and_cites_all_that_made_it() -> None:
    ready = trainer({"baseline": set(), "most": set(load_registry().names) - {"compile"}})
    for arm in ("baseline", "most"):
        finished = ready.train(spec(arm), process=3)
        trial, measured = finished.trial, finished.trial.measurements
        assert (trial.status, trial.error, trial.process) == ("ok", None, 3)
        assert (trial.recipe, trial.environment) == (finished.recipe.digest, finished.environment.digest)
        assert (trial.data, trial.data_digest) == ("tiny", DATASET.digest)
        assert 0 <= measured.accuracy <= 1
        assert 0 <= measured.score <= 1
        assert measured.time_seconds == pytest.approx(measured.train_seconds + measured.tta_seconds)
        assert measured.wall_seconds == pytest.approx(measured.time_seconds, rel=0.5, abs=0.2)
        assert min(measured.reset_seconds, measured.warm_up_seconds, measured.tta_seconds) > 0
        assert measured.curve == ()
        facts = finished.environment.facts
        assert (facts["preset"], facts["compiling"], facts["compute_dtype"]) == ("tiny", False, "float32")
        assert finished.recipe.fields["scale"]["width"] == 0.125
        assert Trial.from_json(trial.to_json()) == trial


def test_the_same_seed_gives_the_same_accuracy_again() -> None:
    trained = [trainer({"x": {"tuning", "brightness_contrast"}}).train(spec("x", seed), 0) for seed in (5, 5)]
    one, other = (finished.trial.measurements for finished in trained)
    assert (one.accuracy, one.score) == (other.accuracy, other.score)


def test_curves_hold_an_accuracy_for_each_epoch_and_cost_no_time() -> None:
    finished = trainer({"x": set(), "longer": {"long"}}, own("long", epochs=24.0), curves=True).train(spec("longer"), 0)
    curve = finished.trial.measurements.curve
    assert len(curve) == 3
    assert all(0 <= value <= 1 for value in curve)
    assert finished.trial.measurements.accuracy == curve[-1]


def test_a_loss_that_is_not_finite_fails_with_what_to_do() -> None:
    ready = trainer({"wild": {"wild"}, "baseline": set()}, own("wild", head_rate=1e38, bias_rate=1e38))
    error = failure_of(ready.train(spec("wild"), 0))
    assert "not finite" in error
    assert "Lower the learning rates" in error
    assert ready.train(spec("baseline"), 0).trial.status == "ok"


def test_a_sum_that_overflows_beside_sound_gradients_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own sum in float16 does, for the published batch of 2,000 and its label smoothing."""
    logits = (3 * torch.randn(2000, 10, generator=torch.Generator().manual_seed(0))).half().requires_grad_()
    loss = summed_cross_entropy(logits, torch.arange(2000) % 10, label_smoothing=0.2)
    loss.backward()
    assert loss.isinf()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()

    def overflowing(*arguments: Any) -> Tensor:
        return summed_cross_entropy(*arguments) + torch.inf

    monkeypatch.setattr(muon_loop, "summed_cross_entropy", overflowing)
    assert trainer({"baseline": set()}).train(spec("baseline"), 0).trial.status == "ok"


@pytest.mark.parametrize("kind", ["gpu", "cpu", "python"])
def test_running_out_of_memory_fails_with_what_to_do(kind: str) -> None:
    ready = trainer({"hungry": {"hungry"}, "baseline": set()}, own("hungry", jitter=FailingJitter(kind=kind)))
    error = failure_of(ready.train(spec("hungry"), 0))
    assert error.startswith("Out of memory on cpu.")
    assert "--preset mini" in error
    assert ready.train(spec("baseline"), 0).trial.status == "ok"


def test_a_torn_compile_cache_fails_with_what_to_do() -> None:
    ready = trainer({"torn": {"torn"}}, own("torn", jitter=FailingJitter(kind="torn")))
    error = failure_of(ready.train(spec("torn"), 0))
    assert error.startswith("The compile cache holds a torn file: cache/d6/kernel.main.so: file too short.")
    assert "Remove the cache's folder" in error


def test_a_part_that_raises_costs_only_its_own_arm(capsys: pytest.CaptureFixture[str]) -> None:
    feature = own("raising", jitter=RaisingJitter())
    ready = trainer({"raising": {"raising"}, "baseline": set()}, feature)
    error = failure_of(ready.train(spec("raising"), 0))
    assert error == "ValueError: the colours ran out. Run again with --debug for the traceback."
    assert ready.train(spec("baseline"), 0).trial.status == "ok"
    assert capsys.readouterr().err == ""
    trainer({"raising": {"raising"}}, feature, debug=True).train(spec("raising"), 0)
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_is_no_failure_of_the_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(muon_loop, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trainer({"x": set()}).train(spec("x"), 0)


def test_too_few_images_for_a_batch_fail_with_what_to_do() -> None:
    error = failure_of(trainer({"x": set()}, dataset=tiny_dataset(9)).train(spec("x"), 0))
    assert error == "9 training images do not fill one batch of 10. Use a larger data set or preset."


def test_without_a_compiler_only_arms_about_compiling_fail() -> None:
    mixed = trainer({"without": {"silu"}, "with": {"silu", "compile"}})
    assert mixed.train(spec("without"), 0).trial.status == "ok"
    error = failure_of(mixed.train(spec("with"), 0))
    assert "nothing can be compiled here: no C++ compiler" in error
    assert "Install a C++ compiler" in error
    alike = trainer({"one": {"compile"}, "other": {"compile", "silu"}})
    assert [alike.train(spec(arm), 0).trial.status for arm in ("one", "other")] == ["ok", "ok"]


def test_a_recipe_is_warmed_up_once_and_networks_are_shared_by_compile_key(monkeypatch: pytest.MonkeyPatch) -> None:
    trainings: list[tuple[int, int]] = []
    train = muon_loop.train

    def watched(recipe: Any, plan: Any, compiled: Any, *rest: Any) -> Any:
        trainings.append((plan.num_steps, id(compiled.network)))
        return train(recipe, plan, compiled, *rest)

    monkeypatch.setattr(muon_loop, "train", watched)
    ready = trainer({"baseline": set(), "twin": set(), "cropped": {"vectorised_crop"}, "silu": {"silu"}})
    for arm in ("baseline", "twin", "baseline", "cropped", "silu"):
        assert ready.train(spec(arm), 0).trial.status == "ok"
    # A warm-up before the first trial of each of the three recipes, and five trials.
    assert len(trainings) == 3 + 5
    networks = [network for _, network in trainings]
    assert len(set(networks)) == 2
    assert len(set(networks[:6])) == 1
    assert len(ready._networks) == 2


def test_lengths_change_the_epochs() -> None:
    arms = [Arm(name="x", features=frozenset()), Arm(name="long", features=frozenset(), length=2.0)]
    both = ArmTrainer(registry=load_registry(), arms=arms, preset="tiny", dataset=DATASET, device="cpu")
    assert both.recipes["long"] == replace(both.recipes["x"], scale=replace(TINY, epochs=0.25))


def test_presets_are_chosen_by_device_and_name(monkeypatch: pytest.MonkeyPatch) -> None:
    choose = presets.choose_preset
    assert choose("auto", torch.device("cuda"), PRESETS) == "full"
    assert choose("auto", torch.device("cpu"), PRESETS) == "mini"
    with pytest.raises(UsageError, match=r"Unknown preset 'minni'\. Did you mean 'mini'\?"):
        choose("minni", torch.device("cpu"), PRESETS)


def test_a_familys_own_presets_take_the_place_of_the_packages() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Short(MuonRecipe):
        presets: ClassVar[Mapping[str, Scale]] = {"full": Scale(), "mini": replace(TINY, epochs=0.0625)}

    shipped = load_registry()
    fields = {field.name: getattr(shipped.baseline, field.name) for field in dataclasses.fields(shipped.baseline)}
    registry = Registry(Short(**fields), shipped.features.values(), shipped.groups.values())
    assert registry.baseline.fingerprint() == shipped.baseline.fingerprint()
    (recipe,) = ArmTrainer(
        registry=registry, arms=[Arm(name="x", features=frozenset())], preset="mini", dataset=DATASET, device="cpu"
    ).recipes.values()
    assert recipe.scale == replace(TINY, epochs=0.0625)
    with pytest.raises(UsageError, match="Unknown preset 'tiny'"):
        ArmTrainer(registry=registry, arms=[], preset="tiny", dataset=DATASET, device="cpu")


def test_a_preset_takes_the_first_images_in_storage_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "tiny", replace(TINY, images=0.5))
    images = trainer({"x": set()})._device_images()
    assert (len(images.train_images), len(images.test_labels)) == (24, 12)
    expected = torch.from_numpy(DATASET.train_images[:24]).permute(0, 3, 1, 2) / 255
    torch.testing.assert_close(images.train_images, expected)
    assert images.train_images.is_contiguous(memory_format=torch.channels_last)
    assert images.test_labels.tolist() == DATASET.test_labels[:12].tolist()


def test_a_round_times_every_arm_and_trains_none_to_its_end() -> None:
    arms = trainer({"baseline": set(), "all": set(load_registry().names) - {"compile"}, "impossible": set()})
    arms.recipes["impossible"] = replace(arms.recipes["impossible"], batch_size=1_000_000)  # type: ignore[call-arg]
    specs = [replace(spec(name, block=7), measures="time") for name in ("all", "impossible", "baseline")]
    finished = {each.trial.spec.arm: each for each in arms.time_together(specs, 2)}
    for name in ("baseline", "all"):
        trial = finished[name].trial
        assert trial.error is None, trial.error
        assert (trial.status, trial.process, trial.spec.measures) == ("ok", 2, "time")
        measured = trial.measurements
        assert measured is not None
        assert (measured.score, measured.accuracy) == (None, None)
        assert measured.time_seconds == pytest.approx(measured.train_seconds + measured.tta_seconds)  # type: ignore[operator]
        assert measured.wall_seconds
        assert Trial.from_json(trial.to_json()) == trial
    assert "do not fill one batch" in failure_of(finished["impossible"])


def test_a_trial_for_the_score_alone_has_no_time_by_the_trial_clock() -> None:
    trained = trainer({"baseline": set()}).train(replace(spec("baseline"), measures="score"), 0).trial
    assert trained.measurements is not None
    measured = trained.measurements
    assert (measured.time_seconds, measured.train_seconds, measured.tta_seconds) == (None, None, None)
    assert measured.score is not None
    assert measured.seconds_taken > 0
