import sys
from pathlib import Path

import pytest
import torch

from ablate import doctor
from ablate.doctor import examination, machine
from ablate.doctor.finding import ok, problem, warning
from ablate.errors import UsageError


def test_the_verdict_is_one_sentence() -> None:
    fine, off, fatal = ok("disk", "much"), warning("load", "3", "wait"), problem("torch", "old", "pip")
    assert doctor.verdict([fine]) == "Nothing found that would spoil a measurement, in 1 checks."
    assert doctor.verdict([fine, off]) == "Trials can run here, but load may spoil their numbers."
    assert doctor.verdict([fine, off, fatal]) == "Trials cannot run here as asked: torch."


def test_warnings_do_not_fail() -> None:
    assert doctor.exit_code([ok("disk", "much"), warning("load", "3", "wait")]) == 0
    assert doctor.exit_code([problem("disk", "none", "free some")]) == 1
    assert doctor.exit_code([problem("disk", "none", "free some"), problem("device", "absent", "cpu")]) == 2


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks that take long, or depend on other parts of the package, answer at once."""
    monkeypatch.setattr(machine, "SAMPLE_SECONDS", 0.0)
    monkeypatch.setattr(examination, "compilation_findings", lambda device: [ok("compilation", device)])
    monkeypatch.setattr(examination, "data_findings", lambda home: [ok("data sets", str(home))])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("quick")
def test_looks_at_everything_once(tmp_path: Path) -> None:
    found = doctor.examine("auto", tmp_path, run_folder=tmp_path / "runs")
    checks = [finding.check for finding in found]
    assert len(set(checks)) == len(checks)
    assert {"versions", "device", "cpu", "threads", "disk", "compilation", "variables", "source"} <= set(checks)
    by_name = {finding.check: finding for finding in found}
    assert (by_name["compilation"].seen, by_name["data sets"].seen) == ("cpu", str(tmp_path))
    assert all(finding.remedy for finding in found if finding.status != "ok")


@pytest.mark.usefixtures("quick")
def test_an_absent_gpu_is_a_problem_and_the_rest_is_still_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> None:
        raise AssertionError("Torch not compiled with CUDA enabled")

    monkeypatch.setattr(torch, "empty", absent)
    found = doctor.examine("cuda")
    device = next(finding for finding in found if finding.check == "device")
    assert device.status == "problem"
    assert device.seen == f"torch {torch.__version__} does not reach 'cuda'"
    assert "--device cpu" in device.remedy
    assert "disk" in [finding.check for finding in found]
    assert doctor.exit_code(found) == 2


@pytest.mark.usefixtures("quick")
def test_a_gpu_that_torch_does_not_reach_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination.nvidia, "gpu_names", lambda: ["NVIDIA A100"])
    device = next(finding for finding in doctor.examine() if finding.check == "device")
    assert device.status == "warning"
    assert "though the driver sees NVIDIA A100" in device.seen


@pytest.mark.usefixtures("quick")
def test_an_unknown_device_is_wrong_usage_with_the_near_match() -> None:
    with pytest.raises(UsageError, match=r"'cdua'.*'cuda'"):
        doctor.examine("cdua")


def test_a_torch_that_does_not_load_is_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (finding,) = doctor.examine("cpu")
    assert (finding.check, finding.status) == ("torch", "problem")
    assert "cannot be imported" in finding.seen
