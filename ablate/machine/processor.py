"""What the processor is and how much of it this process may use; from the operating system, without torch.

By hand: psutil knows neither the model nor bfloat16 nor a container's quota, and what every trial records of its machine
must not be less where that wheel is not installed.
"""

import functools
import os
import platform
import sys
from pathlib import Path

from ablate.machine.programs import ask

PROC = Path("/proc")
SYS = Path("/sys")

_TIMEOUT_SECONDS = 5.0


def read_text(path: Path) -> str | None:
    """A small file of the kernel's, stripped; None where this system has none or does not show it."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


@functools.cache
def _cpuinfo(proc: Path) -> dict[str, str]:
    """The first processor's entries of /proc/cpuinfo."""
    first = (read_text(proc / "cpuinfo") or "").partition("\n\n")[0]
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}


@functools.cache
def _sysctl(name: str) -> str | None:
    answer = ask(["sysctl", "-n", name], timeout_seconds=_TIMEOUT_SECONDS)
    return answer.output.strip() or None if answer and answer.status == 0 else None


def cpu_model() -> str:
    """The processor's name as its maker prints it, or the best the system can tell."""
    if sys.platform == "darwin":
        named = _sysctl("machdep.cpu.brand_string")
    else:
        entries = _cpuinfo(PROC)
        # 64-bit Arm kernels print numbers of implementer and part instead of a name.
        parts = [f"{key} {entries[key]}" for key in ("CPU implementer", "CPU part") if key in entries]
        named = entries.get("model name") or ", ".join(parts)
    return named or platform.processor() or platform.machine()


def cpu_has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 itself; where that cannot be told, False.

    x86: the flags avx512_bf16 or amx_bf16; Arm: the feature bf16 (FEAT_BF16).
    """
    if sys.platform == "darwin":
        return _sysctl("hw.optional.arm.FEAT_BF16") == "1"
    entries = _cpuinfo(PROC)
    flags = set(f"{entries.get('flags', '')} {entries.get('Features', '')}".split())
    return bool(flags & {"avx512_bf16", "amx_bf16", "bf16"})


def usable_cores() -> float:
    """Cores this process may use: its affinity, or less where its control group (a container) has a quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_cores()
    return float(allowed) if quota is None else min(float(allowed), quota)


def _quota_cores() -> float | None:
    """The control group's limit in cores, version 2 or 1; None where there is none."""
    groups = SYS / "fs" / "cgroup"
    words = (read_text(groups / "cpu.max") or "").split()
    if len(words) != 2:
        words = [read_text(groups / "cpu" / f"cpu.cfs_{name}_us") or "" for name in ("quota", "period")]
    # "max" and -1 both mean: no limit.
    return int(words[0]) / int(words[1]) if all(word.isdigit() and int(word) > 0 for word in words) else None


def memory_bytes() -> dict[str, int]:
    """The figures of /proc/meminfo in bytes (MemTotal, MemAvailable, SwapTotal, …); empty where there is none."""
    lines = (line.split() for line in (read_text(PROC / "meminfo") or "").splitlines())
    figures = {words[0].rstrip(":"): int(words[1]) * 1024 for words in lines if len(words) == 3 and words[2] == "kB"}
    if not figures and sys.platform == "darwin" and (total := _sysctl("hw.memsize")):
        figures["MemTotal"] = int(total)
    return figures
