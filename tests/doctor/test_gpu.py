from pathlib import Path

import pytest

from ablate.doctor.finding import Finding
from ablate.doctor.gpu import gpu_findings
from ablate.machine import nvidia
from tests.fake_programs import NVIDIA_SMI, install

UUID = "GPU-6f1b7c1e-0000-1111-2222-333344445555"


@pytest.fixture
def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> dict[str, Finding]:
    """What is found on a fake GPU whose driver answers as the test's parameter says."""
    install(tmp_path / "bin", "nvidia-smi", NVIDIA_SMI)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GPU", UUID)
    for name, value in getattr(request, "param", {}).items():
        monkeypatch.setenv(f"FAKE_{name}", value)
    return {finding.check: finding for finding in gpu_findings([UUID])}


def test_an_idle_gpu_is_fine_in_every_respect(findings: dict[str, Finding]) -> None:
    assert {finding.status for finding in findings.values()} == {"ok"}
    assert list(findings) == [
        "gpu idle",
        "persistence mode",
        "throttling",
        "gpu clocks",
        "gpu temperature",
        "gpu power limit",
    ]
    assert "lgc" in findings["gpu clocks"].seen


@pytest.mark.parametrize(
    ("findings", "check", "seen", "remedy"),
    [
        ({"UTILISATION": "60"}, "gpu idle", "60% in use", "--device cuda:N"),
        ({"MEMORY": "30720"}, "gpu idle", "30.0 GiB of memory taken", "--device cuda:N"),
        ({"PROCESSES": "77, python3, 900"}, "gpu idle", "python3 (77)", "end what else runs"),
        ({"PERSISTENCE": "Disabled"}, "persistence mode", "off", "sudo nvidia-smi -pm 1"),
        ({"REASONS": "0x44"}, "throttling", "power_cap, hardware_thermal_slowdown", "-pl"),
        ({"TEMPERATURE": "82"}, "gpu temperature", "82 °C", "cool"),
        ({"LIMIT": "250.00"}, "gpu power limit", "250 W of the usual 400 W", "sudo nvidia-smi -pl 400"),
    ],
    indirect=["findings"],
)
def test_warns_and_says_what_to_do(findings: dict[str, Finding], check: str, seen: str, remedy: str) -> None:
    assert [name for name, finding in findings.items() if finding.status != "ok"] == [check]
    assert findings[check].status == "warning"
    assert seen in findings[check].seen
    assert remedy in findings[check].remedy


@pytest.mark.parametrize("findings", [{"REASONS": "0x3"}], indirect=True)
def test_application_clocks_hold_the_clock(findings: dict[str, Finding]) -> None:
    assert "held by application clocks" in findings["gpu clocks"].seen
    assert findings["throttling"].status == "ok"


@pytest.mark.parametrize("findings", [{"LIMIT": "[N/A]", "TEMPERATURE": "[N/A]"}], indirect=True)
def test_what_the_driver_does_not_tell_is_left_out(findings: dict[str, Finding]) -> None:
    assert "gpu temperature" not in findings
    assert "gpu power limit" not in findings


def test_without_the_drivers_tools_that_is_the_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (finding,) = gpu_findings([UUID])
    assert (finding.check, finding.status) == ("gpu state", "warning")
    assert nvidia.gpu_names() == []
