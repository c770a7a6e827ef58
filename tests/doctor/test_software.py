import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

import ablate
from ablate.doctor import compilation, software
from ablate.doctor.finding import Finding
from ablate.errors import DataError
from ablate.machine import environment
from tests.fake_programs import install


@pytest.mark.parametrize(("version", "status"), [("2.11.0", "ok"), ("2.15.0+cu132", "ok"), ("3.0.0a0+git1", "ok")])
def test_supported_versions(version: str, status: str) -> None:
    assert software.version_finding(version).status == status


@pytest.mark.parametrize("version", ["2.10.1", "2.9.0+cpu", "1.13.1"])
def test_an_older_torch_is_a_problem(version: str) -> None:
    finding = software.version_finding(version)
    assert (finding.status, finding.remedy) == ("problem", "pip install 'torch>=2.11' torchvision")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CUDA_LAUNCH_BLOCKING": "1"}, "CUDA_LAUNCH_BLOCKING"),
        ({"TORCH_LOGS": "+dynamo"}, "TORCH_LOGS"),
        ({"TORCHDYNAMO_DISABLE": "1"}, "TORCHDYNAMO_DISABLE"),
        ({"TORCHINDUCTOR_MAX_AUTOTUNE": "1"}, "TORCHINDUCTOR_MAX_AUTOTUNE"),
        ({"PYTHONMALLOC": "debug"}, "PYTHONMALLOC"),
    ],
)
def test_variables_that_slow_training_are_named(variables: Mapping[str, str], named: str) -> None:
    finding = software.variable_finding({"HOME": "/home", **variables})
    assert finding.status == "warning"
    assert finding.seen.startswith(f"{named}={variables[named]} (")
    assert finding.remedy == f"unset {named}"


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"CUDA_LAUNCH_BLOCKING": "0"},
        {"TORCH_LOGS": ""},
        {"TORCHINDUCTOR_CACHE_DIR": "/cache"},
        {"TORCH_HOME": "/t"},
    ],
)
def test_harmless_variables_are_not(variables: Mapping[str, str]) -> None:
    assert software.variable_finding(variables).status == "ok"


@pytest.mark.parametrize(
    ("state", "status", "remedy"),
    [
        (environment.SourceState("1.0", "0123456789abcdef", False), "ok", ""),
        (environment.SourceState("1.0", "0123456789abcdef", True), "warning", "commit them"),
        (environment.SourceState("1.0", None, None), "ok", ""),
        (environment.SourceState(None, None, None), "warning", "set ABLATE_COMMIT"),
    ],
)
def test_source(state: environment.SourceState, status: str, remedy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "source_state", lambda: state)
    finding = software.source_finding()
    assert finding.status == status
    assert finding.remedy.startswith(remedy)


def with_sets(names: list[str], monkeypatch: pytest.MonkeyPatch) -> Finding:
    def installed(home: Path) -> list[SimpleNamespace]:
        if "broken" in names:
            raise DataError("The set 'broken' is torn.")
        return [SimpleNamespace(name=name) for name in names]

    fake = SimpleNamespace(data_home=lambda override: override or Path("/usual"), installed=installed)
    monkeypatch.setitem(sys.modules, "ablate.datasets", fake)
    monkeypatch.setattr(ablate, "datasets", fake, raising=False)
    (finding,) = software.data_findings(Path("/home/data"))
    return finding


def test_cifar10_is_missed_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert with_sets(["mine", "cifar10"], monkeypatch) == Finding("data sets", "ok", "cifar10, mine in '/home/data'")
    missed = with_sets(["mine"], monkeypatch)
    assert (missed.status, missed.seen) == ("warning", "no cifar10: mine in '/home/data'")
    assert missed.remedy.startswith("ablate data fetch")


def test_a_torn_set_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    finding = with_sets(["broken"], monkeypatch)
    assert (finding.status, finding.seen) == ("warning", "The set 'broken' is torn.")


def found_by_compilation(monkeypatch: pytest.MonkeyPatch, python: Path) -> dict[str, Finding]:
    monkeypatch.setattr(compilation.sys, "executable", str(python))
    return {finding.check: finding for finding in compilation.compilation_findings("cpu")}


@pytest.mark.parametrize(
    ("script", "status", "seen"),
    [
        ("exit 0", "ok", "compiled and ran"),
        (
            "echo 'RuntimeError: no header' >&2; echo 'set TORCH_LOGS' >&2; exit 1",
            "warning",
            "exit 1: RuntimeError: no",
        ),
        ("kill -SEGV $$", "warning", "killed by signal 11: no message"),
        ("sleep 60", "warning", "not done after 1 s"),
    ],
)
def test_a_crash_or_hang_of_the_probe_is_a_finding(
    script: str, status: str, seen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compilation, "LIMIT_SECONDS", 1.0)
    finding = found_by_compilation(monkeypatch, install(tmp_path, "python", script))["compilation"]
    assert finding.status == status
    assert seen in finding.seen
    assert (status == "ok") == (finding.remedy == "")


def test_without_a_compiler_nothing_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "my-c++")
    found = found_by_compilation(monkeypatch, tmp_path / "absent")
    assert "compilation" not in found
    assert (found["c++ compiler"].status, found["c++ compiler"].seen) == ("warning", "no 'my-c++' on the PATH")
    assert "compilation off" in found["c++ compiler"].remedy


def test_the_cache_may_not_lie_below_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "file"))
    finding = found_by_compilation(monkeypatch, install(tmp_path, "python", "exit 0"))["compile cache"]
    assert finding.status == "warning"
    assert finding.remedy == "set TORCHINDUCTOR_CACHE_DIR to a folder that can be written"


@pytest.mark.slow
def test_a_small_function_really_compiles() -> None:
    found = {finding.check: finding for finding in compilation.compilation_findings("cpu")}
    if found["c++ compiler"].status != "ok":
        pytest.skip("no C++ compiler here")
    assert found["compilation"].status == "ok", found["compilation"].seen
