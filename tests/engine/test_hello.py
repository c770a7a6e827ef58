"""What a worker says of itself: its GPU as nvidia-smi knows it, its cores where it has none."""

from typing import Any

import pytest

from ablate.engine.hello import Muster, facts_of, hello
from ablate.machine import nvidia
from ablate.store.records import Environment
from ablate.store.trials import MemoryTrialStore
from tests.fake_trainer import FakeTrainer
from tests.fakes import finished_trial, spec


def trainer(**facts: Any) -> FakeTrainer:
    return FakeTrainer({}, {}, 0.0, None, (), facts)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    gpus: list[list[str]] = []

    def query(gpu: list[str], names: list[str]) -> dict[str, str | None]:
        gpus.append(gpu)
        return {"uuid": f"GPU-{gpu[0]}", "power.limit": "400.00"}

    monkeypatch.setattr(nvidia, "query", query)
    monkeypatch.setattr(nvidia, "other_processes", lambda gpu: [nvidia.GpuProcess(1, "somebody", None)])
    return gpus


@pytest.mark.parametrize(
    ("visible", "device", "gpu"),
    [(None, "cuda", "0"), (None, "cuda:2", "2"), ("3", "cuda", "3"), ("5,MIG-7", "cuda:1", "MIG-7")],
)
def test_a_gpu_is_told_by_what_cuda_was_told(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, visible: str | None, device: str, gpu: str
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    said = hello(trainer(device=device, device_name="NVIDIA A100"))
    assert asked == [[gpu]]
    assert (said["hardware"], said["others"]) == (f"GPU-{gpu}", 1)
    assert said["facts"]["power_limit_watts"] == 400.0
    assert said["facts"]["device_name"] == "NVIDIA A100"
    assert said["host"]


def test_without_a_gpu_hardware_is_the_cores_of_a_machine(asked: list[list[str]]) -> None:
    said = hello(trainer(device="cpu"))
    assert asked == []
    assert "cores" in said["hardware"]
    assert said["hardware"] == hello(trainer(device="cpu"))["hardware"]
    assert said["others"] == 0


def test_memory_counts_on_a_gpu_only_and_in_gibibytes() -> None:
    for device, kept in (("cuda", True), ("cpu", False)):
        muster = Muster()
        facts = {"device": device, "device_memory_bytes": 80 * 2**30 + 5}
        muster.admit("a", {"hardware": "1", "facts": facts})
        nearly = muster.admit("b", {"hardware": "2", "facts": facts | {"device_memory_bytes": 80 * 2**30 - 5}})
        half = muster.admit("c", {"hardware": "3", "facts": facts | {"device_memory_bytes": 40 * 2**30}})
        assert not isinstance(nearly, str)
        assert isinstance(half, str) is kept


def test_a_folders_class_is_that_of_its_last_trial_that_went_well() -> None:
    store = MemoryTrialStore()
    assert facts_of(store) is None
    for block, (status, name) in enumerate([("ok", "A100"), ("ok", "H100"), ("failed", "driver's own")]):
        store.append(
            finished_trial(spec(block=block), status=status, environment=Environment(facts={"device_name": name}))
        )  # type: ignore[arg-type]
    assert facts_of(store) == {"device_name": "H100"}
