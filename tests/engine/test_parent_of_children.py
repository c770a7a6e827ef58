"""A parent of child processes leaves the GPU to them, and says once what each of them would say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ablate import api
from ablate.engine.conditions import differences
from ablate.errors import AblateError, UsageError
from ablate.machine.environment import describe
from ablate.store.records import Environment
from ablate.store.run_folder import RunFolder
from ablate.study import Study, add_one_in
from ablate.training import executing, image_kind, opening
from ablate.training.image_kind import environment_in_a_child, planned_environment
from ablate.training.session import find_device, open_device
from tests.fakes import resolved_study
from tests.tiny_study import make_everything_tiny, without_figures

CHILDREN_OF_TWO = Study.of(add_one_in(["silu"]), name="small", question="Does it work?", blocks=2, processes=2)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_everything_tiny(monkeypatch, tmp_path)
    without_figures(monkeypatch)
    return tmp_path


@pytest.fixture
def untouchable_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that torch counts, and whose every other use is a failure: all of them initialise CUDA first."""

    def touched() -> None:
        raise AssertionError("the parent made a CUDA context")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "_lazy_init", touched)
    monkeypatch.setattr(torch.cuda, "set_device", lambda device: touched())


def children(monkeypatch: pytest.MonkeyPatch, **arguments: Any) -> None:
    """Let children have a fake trainer."""
    monkeypatch.setattr(executing, "CHILD_TRAINER", "tests.fake_trainer:make")
    monkeypatch.setattr(executing, "child_arguments", lambda *given, **options: arguments)


@pytest.mark.usefixtures("untouchable_gpu")
class TestNoContext:
    @pytest.mark.parametrize("use", [open_device, lambda name: describe(name, "float16"), torch.cuda.get_device_name])
    def test_the_stand_in_catches_what_would_make_one(self, use: Any) -> None:
        with pytest.raises((AssertionError, UsageError)):
            use("cuda:0")

    def test_a_study_of_children_is_planned_run_and_recorded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        children(monkeypatch)
        results = api.run(CHILDREN_OF_TWO, out=Path("run"), announce=lambda line: None)
        assert results.summary is not None
        assert results.summary.ok == 4
        assert (results.folder.resolved.device, results.folder.resolved.preset) == ("cuda", "full")

    def test_so_is_a_trial_whose_child_died_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        children(monkeypatch, refuse="death")
        monkeypatch.setattr("ablate.machine.nvidia.gpu_names", lambda: ["NVIDIA A100-SXM4-80GB"] * 2)
        results = api.run(
            replace(CHILDREN_OF_TWO, blocks=1, processes=1), timeout_seconds=9, announce=lambda line: None
        )
        assert results.summary is not None
        assert results.summary.failed == 2
        store = results.folder.read_trials()
        (environment,) = store.environments.values()
        assert environment.facts["device"] == "cuda"
        assert environment.facts["device_name"] == "NVIDIA A100-SXM4-80GB"
        # What nobody looked at cannot differ from what a later sitting finds.
        assert {"cudnn", "driver", "device_memory_bytes"}.isdisjoint(environment.facts)
        looked_at = Environment(
            facts={**environment.facts, "cudnn": 91002, "driver": "550.54", "device_memory_bytes": 1}
        )
        resolved = results.folder.resolved
        assert differences(resolved, resolved, environments=[environment], environment=looked_at) == ()

    def test_a_study_of_children_is_resumed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        children(monkeypatch)
        asked = []

        def in_a_child(resolved: Any) -> Environment:
            asked.append(resolved.device)
            return Environment(facts={"device": "cuda"})

        monkeypatch.setattr(image_kind, "environment_in_a_child", in_a_child)
        api.run(CHILDREN_OF_TWO, out=Path("run"), minutes=1e-6, announce=lambda line: None)
        resumed = api.resume("run", announce=lambda line: None, allow_mixed=True)
        assert resumed.summary is not None
        assert (resumed.summary.ok, resumed.summary.left) == (4, 0)
        assert asked == ["cuda"]

    def test_gpus_are_counted_and_what_is_not_there_refused(self) -> None:
        assert find_device("auto") == torch.device("cuda")
        assert find_device("cuda:0") == torch.device("cuda", 0)
        for name in ("cuda:1", "mps", "xpu"):
            with pytest.raises(UsageError, match=name):
                find_device(name)

    def test_different_gpus_have_no_common_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ablate.machine.nvidia.gpu_names", lambda: ["NVIDIA A100", "NVIDIA T4"])
        assert "device_name" not in describe("cuda:1", "float16", opened=False).facts


def test_a_device_that_does_not_work_is_refused_before_there_is_a_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exclusive(*size: int, device: object) -> None:
        raise RuntimeError("CUDA-capable device(s) is/are busy or unavailable")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("ablate.training.session.torch.empty", exclusive)
    with pytest.raises(UsageError, match="Device 'cuda' is not available"):
        api.run(replace(CHILDREN_OF_TWO, processes=1), device="cuda", announce=lambda line: None)
    assert not (here / "runs").exists()


class TestALookInAChild:
    @pytest.fixture(autouse=True)
    def eager(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # In the child nothing is patched, and compiling something would take long.
        monkeypatch.setenv("TORCHDYNAMO_DISABLE", "1")

    @pytest.mark.slow
    def test_finds_what_a_look_here_finds(self) -> None:
        resolved = resolved_study(device="cpu", preset="mini")
        found = environment_in_a_child(resolved).facts
        expected = planned_environment(resolved, compiling=False).facts
        # These tests say that this process computes in float32; and it asked git earlier, before somebody may have saved a file.
        of_here = {name: expected[name] for name in ("compute_dtype", "commit", "dirty")}
        assert found.keys() == expected.keys()
        assert {**found, **of_here} == dict(expected)

    @pytest.mark.slow
    def test_a_device_that_is_not_there(self) -> None:
        with pytest.raises(UsageError, match="Unknown device 'cdua'"):
            environment_in_a_child(resolved_study(device="cdua"))

    def test_a_child_that_dies(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(image_kind, "__name__", "nowhere")
        with pytest.raises(AblateError, match="that was to look at cpu failed: ModuleNotFoundError"):
            environment_in_a_child(resolved_study(device="cpu"))


def test_what_every_child_would_say_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    children(monkeypatch, remarks=["NOTHING IS COMPILED: no compiler.", "float32 only"])
    lines: list[str] = []
    results = api.run(replace(CHILDREN_OF_TWO, data="synthetic"), device="cpu", announce=lines.append)
    assert {trial.process for trial in results.folder.read_trials()} == {0, 1}
    assert lines == ["NOTHING IS COMPILED: no compiler.", "float32 only"]


def test_a_childs_trainer_hands_its_remarks_to_the_parent(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = api.plan(CHILDREN_OF_TWO, announce=lambda line: None)
    folder = RunFolder.create(planned.resolved, here / "run")
    arguments = opening.child_arguments(folder, planned.resolved, data_dir=None, device=None, debug=False)
    trainer = opening.child_trainer(**arguments)
    assert [remark[:19] for remark in trainer.remarks] == ["NOTHING IS COMPILED"]
    assert capsys.readouterr().err == ""
