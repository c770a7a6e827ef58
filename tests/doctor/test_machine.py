import errno
import os
import sys
import tempfile
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import psutil
import pytest

from ablate.doctor import machine
from ablate.doctor.finding import Finding
from ablate.machine import processor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's files")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    monkeypatch.setattr(processor, "PROC", tmp_path / "proc")
    monkeypatch.setattr(processor, "SYS", tmp_path / "sys")
    monkeypatch.setattr(machine, "SAMPLE_SECONDS", 0.0)

    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return write


def processor_checks(on_cpu: bool = True) -> dict[str, Finding]:
    return {finding.check: finding for finding in machine.processor_findings(on_cpu)}


@pytest.mark.parametrize(("load", "status"), [(0.3, "ok"), (3.0, "warning")])
def test_load_is_judged_by_the_cores(load: float, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(machine, "SAMPLE_SECONDS", 0.0)
    finding = processor_checks()["load"]
    assert finding.status == status
    assert f"{load} runnable tasks over the last minute on 4 cores" in finding.seen


Times = namedtuple("Times", "user nice system idle iowait irq softirq steal guest guest_nice")


@dataclass
class Busy:
    """A process of the system, and the processor seconds that it has used."""

    pid: int
    name: str
    seconds: float | None

    @property
    def info(self) -> dict[str, object]:
        times = None if self.seconds is None else SimpleNamespace(user=self.seconds / 3, system=2 * self.seconds / 3)
        return {"name": self.name, "cpu_times": times}


def one_second_passes(monkeypatch: pytest.MonkeyPatch, before: Times, after: Times, busy: list[list[Busy]]) -> None:
    """Between the two samples that are taken."""
    moments, times, processes = iter([0.0, 1.0]), iter([before, after]), iter(busy)
    monkeypatch.setattr(machine.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(psutil, "cpu_times", lambda: next(times))
    monkeypatch.setattr(psutil, "process_iter", lambda attrs: next(processes))


def test_a_heavy_process_and_stolen_time_are_named(
    kernel: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [Busy(101, "a (b) game", 5.0), Busy(102, "calm", 7.0), Busy(103, "gone", 0.0), Busy(105, "hidden", None)]
    after = [Busy(101, "a (b) game", 5.9), Busy(102, "calm", 7.06), Busy(104, "new", 50.0), Busy(105, "hidden", None)]
    this = [Busy(os.getpid(), "this test", used) for used in (0.0, 1.0)]
    one_second_passes(
        monkeypatch,
        Times(1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 9.0, 9.0),
        Times(1.5, 0.0, 0.0, 1.3, 0.0, 0.0, 0.0, 0.2, 99.0, 99.0),
        [[*before, this[0]], [*after, this[1]]],
    )
    found = processor_checks()
    assert found["other processes"].status == "warning"
    assert found["other processes"].seen == "a (b) game (101): 90% of a core"
    assert (found["stolen time"].status, found["stolen time"].seen[:3]) == ("warning", "20%")


def test_a_calm_machine_and_one_that_does_not_say_whom_its_host_serves(
    kernel: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = namedtuple("elsewhere", "user nice system idle")
    calm = [[Busy(102, "calm", 7.0)], [Busy(102, "calm", 7.1)]]
    one_second_passes(monkeypatch, elsewhere(1.0, 0.0, 0.0, 1.0), elsewhere(1.1, 0.0, 0.0, 1.9), calm)
    found = processor_checks()
    assert (found["other processes"].status, found["other processes"].seen) == ("ok", "none above 20% of a core")
    assert "stolen time" not in found


def test_the_processes_of_this_very_machine_can_be_sampled() -> None:
    sample = machine._sample()
    assert sample is not None
    assert sample.total > 0
    assert os.getpid() not in sample.used_by


def test_a_system_that_shows_nothing_gives_no_finding(
    kernel: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "PROCFS_PATH", "/nowhere")
    assert "other processes" not in processor_checks()


def test_without_psutil_it_is_said_that_nobody_looked(
    kernel: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "psutil", None)
    finding = processor_checks()["other processes"]
    assert (finding.status, finding.remedy) == ("warning", "pip install psutil")
    assert finding.seen == "not looked at: psutil is not installed"


@pytest.mark.parametrize(
    ("governors", "status"), [(["performance"] * 2, "ok"), (["performance", "powersave"], "warning"), ([], None)]
)
def test_governor(governors: list[str], status: str | None, kernel: Callable[[str, str], None]) -> None:
    for number, governor in enumerate(governors):
        kernel(f"sys/devices/system/cpu/cpu{number}/cpufreq/scaling_governor", f"{governor}\n")
    finding = processor_checks().get("cpu governor")
    assert (finding.status if finding else None) == status


@pytest.mark.parametrize(
    ("path", "value", "on_cpu", "status", "remedy"),
    [
        ("intel_pstate/no_turbo", "0", True, "warning", "echo 1 | sudo tee "),
        ("intel_pstate/no_turbo", "0", False, "ok", ""),
        ("intel_pstate/no_turbo", "1", True, "ok", ""),
        ("cpufreq/boost", "1", True, "warning", "echo 0 | sudo tee "),
        ("cpufreq/boost", "0", True, "ok", ""),
    ],
)
def test_turbo_matters_where_the_cpu_trains(
    path: str, value: str, on_cpu: bool, status: str, remedy: str, kernel: Callable[[str, str], None]
) -> None:
    kernel(f"sys/devices/system/cpu/{path}", f"{value}\n")
    finding = processor_checks(on_cpu)["cpu turbo"]
    assert finding.status == status
    assert finding.remedy.startswith(remedy)
    assert ("tee" in finding.remedy) == (status == "warning")


@pytest.mark.parametrize(
    ("threads", "setting", "status", "remedy"),
    [
        (4, None, "ok", ""),
        (16, None, "warning", "export OMP_NUM_THREADS=4"),
        (1, "1", "warning", "unset OMP_NUM_THREADS"),
        (1, None, "ok", ""),
    ],
)
def test_threads_against_cores(
    threads: int, setting: str | None, status: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "usable_cores", lambda: 4.0)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if setting:
        monkeypatch.setenv("OMP_NUM_THREADS", setting)
    finding = machine.thread_finding(threads)
    assert (finding.status, finding.remedy) == (status, remedy)


@pytest.mark.parametrize(
    ("available", "swap_free", "on_cpu", "status"),
    [(8, 2, True, "ok"), (3, 2, True, "warning"), (3, 2, False, "ok"), (1, 0, False, "warning")],
)
def test_memory(available: int, swap_free: int, on_cpu: bool, status: str, kernel: Callable[[str, str], None]) -> None:
    gib = 2**20
    figures = {"MemAvailable": available, "SwapTotal": 2, "SwapFree": swap_free}
    kernel("proc/meminfo", "".join(f"{name}: {figure * gib} kB\n" for name, figure in figures.items()))
    (finding,) = machine.memory_findings(on_cpu)
    assert finding.status == status
    assert f"{available}.0 GiB free" in finding.seen


def test_memory_that_is_not_shown_gives_no_finding(kernel: Callable[[str, str], None]) -> None:
    assert list(machine.memory_findings(True)) == []


@pytest.mark.parametrize(("free", "status"), [(2**36, "ok"), (2**30, "warning"), (2**20, "problem")])
def test_room_for_a_folder_that_is_still_to_be_made(
    free: int, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    finding = machine.folder_finding("disk", tmp_path / "runs" / "deep", "use --out")
    assert finding.status == status
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> NoReturn:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    finding = machine.folder_finding("disk", tmp_path, "use --out")
    assert (finding.status, finding.remedy) == ("problem", "use --out")
    assert finding.seen == f"'{tmp_path}' cannot be written: Read-only file system"
