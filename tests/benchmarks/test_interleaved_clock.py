"""The comparison of the two clocks: what it times, in which order, and when it says that they disagree."""

import math
from typing import Any, cast

import pytest
import torch
from interleaved_clock import Agreement, agreements, arms_of, compare, timed

from ablate.lineages.loading import load_registry
from ablate.parts import PRESETS, Scale
from ablate.training import arm_trainer
from ablate.training.arm_trainer import ArmTrainer
from tests.training.test_arm_trainer import tiny_dataset


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> ArmTrainer:
    monkeypatch.setitem(PRESETS, "tiny", Scale(width=0.125, batch=0.005, epochs=0.125))
    monkeypatch.setattr(arm_trainer, "why_not_compiling", lambda device: "no C++ compiler")
    monkeypatch.setattr(arm_trainer, "compute_dtype_of", lambda device: torch.float32)
    registry = load_registry()
    arms = [arm for arm in arms_of(registry, ["selective_tta"]) if arm.name != "all"]
    return ArmTrainer(registry=registry, arms=arms, preset="tiny", dataset=tiny_dataset(), device="cpu")


def test_both_clocks_time_every_arm_as_often(trainer: ArmTrainer) -> None:
    said: list[str] = []
    whole, composed = compare(trainer, 2, said.append)
    assert said == ["1 of 2", "2 of 2"]
    assert len(whole) == len(composed) == 2
    assert all(list(each) == ["baseline", "selective_tta", "baseline (twin)"] for each in (*whole, *composed))
    assert [each.arm for each in agreements(whole, composed)] == ["selective_tta", "baseline (twin)"]


def test_whole_trials_run_in_reverse_in_every_second_repetition(
    trainer: ArmTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[str] = []
    train = trainer.train

    def watched(spec: Any, process: int) -> Any:
        trained.append(spec.arm)
        return train(spec, process)

    monkeypatch.setattr(trainer, "train", watched)
    timed(trainer, "both", 0)
    timed(trainer, "both", 1)
    assert trained[:3] == trained[:2:-1] == list(trainer.arms)


def test_an_agreement_is_of_logs_over_the_baseline() -> None:
    whole = [{"baseline": 10.0, "all": 8.0}, {"baseline": 20.0, "all": 16.0}]
    composed = [{"baseline": 5.0, "all": 4.0}, {"baseline": 5.0, "all": 4.1}]
    (found,) = agreements(whole, composed)
    assert found.whole == pytest.approx(100 * math.log(0.8))
    assert found.whole_error == pytest.approx(0)
    assert found.apart == pytest.approx(50 * math.log(4.1 / 4.0))
    assert cast(Agreement, found).line().startswith("all: whole -22.31 ± 0.00 %, composed -21.08 ± 1.23 %, apart +1.23")
