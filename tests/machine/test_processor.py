import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.machine import processor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's files")


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Write one file below stand-ins for /proc and /sys."""
    monkeypatch.setattr(processor, "PROC", tmp_path / "proc")
    monkeypatch.setattr(processor, "SYS", tmp_path / "sys")

    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    return write


X86 = "processor\t: 0\nmodel name\t: Some CPU @ 3.00GHz\nflags\t\t: fpu {}\n\nprocessor\t: 1\nmodel name\t: other\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n\n"


@pytest.mark.parametrize(
    ("cpuinfo", "has"),
    [
        (X86.format("avx512f avx512_bf16"), True),
        (X86.format("amx_bf16 amx_tile"), True),
        (X86.format("avx512f"), False),
        (ARM.format("bf16"), True),
        (ARM.format("asimdhp"), False),
    ],
)
def test_bfloat16_is_read_from_the_flags(cpuinfo: str, has: bool, kernel: Callable[[str, str], None]) -> None:
    kernel("proc/cpuinfo", cpuinfo)
    assert processor.cpu_has_bfloat16() is has


def test_without_the_kernels_files_the_answers_are_sensible(kernel: Callable[[str, str], None]) -> None:
    assert processor.cpu_has_bfloat16() is False
    assert processor.cpu_model() != ""
    assert processor.memory_bytes() == {}
    assert processor.usable_cores() == len(os.sched_getaffinity(0))


def test_model_is_a_name_or_the_arm_part_numbers(kernel: Callable[[str, str], None]) -> None:
    kernel("proc/cpuinfo", X86.format(""))
    assert processor.cpu_model() == "Some CPU @ 3.00GHz"
    processor._cpuinfo.cache_clear()
    kernel("proc/cpuinfo", ARM.format(""))
    assert processor.cpu_model() == "CPU implementer 0x41, CPU part 0xd40"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"sys/fs/cgroup/cpu.max": "150000 100000"}, 1.5),
        ({"sys/fs/cgroup/cpu.max": "max 100000"}, 8),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 2),
        ({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000"}, 8),
        ({"sys/fs/cgroup/cpu.max": "6400000 100000"}, 8),
    ],
)
def test_a_containers_quota_limits_the_cores(
    files: dict[str, str], cores: float, kernel: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    for path, text in files.items():
        kernel(path, text)
    assert processor.usable_cores() == cores


def test_memory_is_in_bytes(kernel: Callable[[str, str], None]) -> None:
    kernel("proc/meminfo", "MemTotal:       1024 kB\nHugePages_Total:   7\nMemAvailable:    512 kB\n")
    assert processor.memory_bytes() == {"MemTotal": 2**20, "MemAvailable": 2**19}
