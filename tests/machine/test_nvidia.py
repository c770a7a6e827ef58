from pathlib import Path
from types import SimpleNamespace

import pytest

from ablate.machine import nvidia
from tests.fake_programs import NVIDIA_SMI, install

UUID = "GPU-6f1b7c1e-0000-1111-2222-333344445555"
PCI = "00000000:3b:00.0"


@pytest.fixture
def smi_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    install(folder, "nvidia-smi", NVIDIA_SMI)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GPU", UUID)
    return folder


def calls(folder: Path) -> list[str]:
    return (folder / "calls.log").read_text().splitlines()


@pytest.mark.usefixtures("smi_folder")
def test_state_has_units_fractions_and_named_reasons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_UTILISATION", "97")
    monkeypatch.setenv("FAKE_REASONS", "0x0000000000000024")
    state = nvidia.state([UUID])
    assert state == {
        "sm_clock_mhz": 1410.0,
        "memory_clock_mhz": 1215.0,
        "temperature_celsius": 34.0,
        "power_watts": 61.25,
        "utilisation": 0.97,
        "memory_used_bytes": 4 * 2.0**20,
        "performance_state": "P0",
        "throttle_reasons": ["power_cap", "thermal_slowdown"],
    }


def test_the_second_identity_is_tried_where_the_first_is_unknown(
    smi_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GPU", PCI)
    state = nvidia.state([UUID, PCI])
    assert state is not None
    assert state["sm_clock_mhz"] == 1410.0
    assert [call.partition("--id=")[2].split()[0] for call in calls(smi_folder)] == [UUID, PCI]


def test_an_older_driver_gives_the_reasons_by_their_older_name(
    smi_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_UNKNOWN", "clocks_event_reasons.active")
    for _ in range(2):
        state = nvidia.state([UUID])
        assert state is not None
        assert state["throttle_reasons"] == ["idle"]
    # Learned once: the first state took two questions, the second one.
    assert len(calls(smi_folder)) == 3


@pytest.mark.usefixtures("smi_folder")
def test_a_value_nobody_knows_is_none_and_the_rest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_UNKNOWN", "clocks_event_reasons.active,clocks_throttle_reasons.active,pstate")
    monkeypatch.setenv("FAKE_TEMPERATURE", "[N/A]")
    state = nvidia.state([UUID])
    assert state is not None
    assert (state["throttle_reasons"], state["performance_state"], state["temperature_celsius"]) == (None, None, None)
    assert state["sm_clock_mhz"] == 1410.0


@pytest.mark.usefixtures("smi_folder")
def test_no_gpu_by_that_identity_is_none() -> None:
    assert nvidia.state(["GPU-00000000"]) is None
    assert nvidia.state([]) is None


def test_without_the_program_there_is_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert nvidia.state([UUID]) is None
    assert nvidia.other_processes([UUID]) is None
    assert nvidia.gpu_names() == []


def test_a_program_that_hangs_is_asked_only_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = install(tmp_path / "bin", "nvidia-smi", 'echo x >> "$(dirname "$0")/calls.log"; sleep 60')
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setattr(nvidia, "TIMEOUT_SECONDS", 0.3)
    assert nvidia.state([UUID, PCI]) is None
    assert nvidia.state([UUID]) is None
    assert len(calls(program.parent)) == 1


@pytest.mark.parametrize("output", ["", "1,2", "a,b,c,d,e,f,g,h\na,b,c,d,e,f,g,h"])
def test_a_table_of_another_shape_is_no_state(output: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = install(tmp_path / "bin", "nvidia-smi", f"cat <<'END'\n{output}\nEND")
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert nvidia.state([UUID]) is None


@pytest.mark.usefixtures("smi_folder")
def test_other_processes_leave_this_one_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvidia.os, "getpid", lambda: 4242)
    monkeypatch.setenv("FAKE_PROCESSES", "4242, python, 512\n77, /usr/bin/game, 1024\n78, hidden, [N/A]\n")
    assert nvidia.other_processes([UUID]) == [
        nvidia.GpuProcess(77, "/usr/bin/game", 1024 * 2.0**20),
        nvidia.GpuProcess(78, "hidden", None),
    ]
    assert nvidia.gpu_names() == ["NVIDIA A100-SXM4-40GB"]


@pytest.mark.parametrize(
    ("mask", "reasons"),
    [
        ("0x0000000000000000", []),
        ("0x0000000000000041", ["idle", "hardware_thermal_slowdown"]),
        ("0x0000000000000a00", ["0xa00"]),
        ("Active", None),
        (None, None),
    ],
)
def test_throttle_reasons(mask: str | None, reasons: list[str] | None) -> None:
    assert nvidia.throttle_reasons(mask) == reasons


def test_identities_put_the_uuid_before_the_bus_address() -> None:
    whole = SimpleNamespace(uuid=UUID.removeprefix("GPU-"), pci_domain_id=0, pci_bus_id=0x3B, pci_device_id=0)
    assert nvidia.identities(whole) == (UUID, PCI)
    assert nvidia.identities(SimpleNamespace(name="a GPU of another maker")) == ()
