"""Is the processor free, at its full clock and ours; are memory and disk enough?"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ablate.doctor.finding import Finding, ok, problem, warning
from ablate.machine import processor
from ablate.machine.processor import read_text

try:
    import psutil
except ImportError:
    # A wheel for each platform: on a measuring machine without a network, trials run and are recorded without it.
    psutil = None

SAMPLE_SECONDS = 0.3
BUSY_LOAD = 0.2
"""Runnable tasks a core, averaged over a minute, above which something else must be at work."""

HEAVY_PROCESS = 0.2
STOLEN_TIME = 0.02
FULL_TRIAL_BYTES = 4 * 2**30
"""The most that a `full` trial on a CPU needs."""

SCARCE_DISK_BYTES = 2 * 2**30
NO_DISK_BYTES = 100 * 2**20


def processor_findings(on_cpu: bool) -> Iterator[Finding]:
    """Load, other heavy processes, stolen time, clock governor and turbo; `on_cpu` tells that the CPU itself trains."""
    cores = processor.usable_cores()
    if hasattr(os, "getloadavg"):
        yield _load(os.getloadavg()[0], os.cpu_count() or 1)
    yield from _others()
    yield ok("cpu", f"{processor.cpu_model()}, {cores:g} of {os.cpu_count()} cores usable")
    yield from _governor()
    yield from _turbo(on_cpu)


def _others() -> Iterator[Finding]:
    """What other processes and other guests of the host take."""
    if psutil is None:
        yield warning("other processes", "not looked at: psutil is not installed", "pip install psutil")
        return
    before = _sample()
    if before is None:
        return
    time.sleep(SAMPLE_SECONDS)
    after = _sample()
    if after is not None:
        yield from _activity(before, after)


def thread_finding(threads: int) -> Finding:
    """torch's threads against the cores that this process may use."""
    cores = processor.usable_cores()
    setting = os.environ.get("OMP_NUM_THREADS")
    seen = f"torch uses {threads} threads on {cores:g} usable cores"
    seen += f" (OMP_NUM_THREADS={setting})" if setting else ""
    whole = max(1, int(cores))
    if threads > cores and threads > 1:
        return warning("threads", f"{seen}: they take turns", f"export OMP_NUM_THREADS={whole}")
    if setting and threads < cores / 2:
        return warning("threads", f"{seen}: cores lie idle", "unset OMP_NUM_THREADS")
    return ok("threads", seen)


def memory_findings(on_cpu: bool) -> Iterator[Finding]:
    """Free memory and swap in use, where the system tells."""
    figures = processor.memory_bytes()
    free = figures.get("MemAvailable")
    if free is None:
        return
    swapped = figures.get("SwapTotal", 0) - figures.get("SwapFree", 0)
    seen = f"{free / 2**30:.1f} GiB free, {swapped / 2**30:.1f} GiB swapped out"
    if on_cpu and free < FULL_TRIAL_BYTES:
        remedy = "end what holds memory: a `full` trial on a CPU needs up to 4 GiB; `--preset mini` needs less"
        yield warning("memory", seen, remedy)
    elif swapped > free:
        yield warning("memory", seen, "end what holds memory: a trial that swaps measures the disk")
    else:
        yield ok("memory", seen)


def folder_finding(check: str, folder: Path, remedy: str) -> Finding:
    """Whether a folder, there or still to be made, can be written and has room; a file is tried and leaves nothing."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as trial:
            trial.write(b"\0" * 4096)
            trial.flush()
        free = shutil.disk_usage(existing).free
    except OSError as error:
        return problem(check, f"'{folder}' cannot be written: {error.strerror}", remedy)
    seen = f"'{folder}', {free / 2**30:.1f} GiB free"
    if free < NO_DISK_BYTES:
        return problem(check, seen, f"free some space, or {remedy}")
    return warning(check, seen, f"free some space, or {remedy}") if free < SCARCE_DISK_BYTES else ok(check, seen)


@dataclass(frozen=True, slots=True)
class _Sample:
    """Processor time so far, in seconds: of the machine, and of each process other than this one with its name."""

    at_seconds: float
    stolen: float
    total: float
    used_by: dict[int, tuple[str, float]]


def _sample() -> _Sample | None:
    """What the processors did so far; None where the system does not show it."""
    try:
        times = psutil.cpu_times()
        processes = {
            process.pid: (process.info["name"], process.info["cpu_times"].user + process.info["cpu_times"].system)
            for process in psutil.process_iter(["name", "cpu_times"])
            # None: another user's, on a system that does not show them.
            if process.pid != os.getpid() and process.info["cpu_times"] is not None
        }
    except (OSError, psutil.Error):
        return None
    # What comes after the first eight, on Linux, is the guests' share of them.
    return _Sample(time.monotonic(), getattr(times, "steal", 0.0), sum(times[:8]), processes)


def _activity(before: _Sample, after: _Sample) -> Iterator[Finding]:
    passed_seconds = after.at_seconds - before.at_seconds
    shares = {
        f"{name} ({pid})": (used - before.used_by[pid][1]) / passed_seconds
        for pid, (name, used) in after.used_by.items()
        if pid in before.used_by
    }
    heavy = sorted((item for item in shares.items() if item[1] > HEAVY_PROCESS), key=lambda item: -item[1])
    if heavy:
        seen = ", ".join(f"{name}: {share:.0%} of a core" for name, share in heavy[:4])
        yield warning("other processes", seen, "end or pause them while trials run")
    else:
        yield ok("other processes", f"none above {HEAVY_PROCESS:.0%} of a core")
    passed = after.total - before.total
    stolen = (after.stolen - before.stolen) / passed if passed else 0.0
    if stolen > STOLEN_TIME:
        yield warning("stolen time", f"{stolen:.0%} went to other guests of the host", "use a host with reserved cores")


def _load(load: float, cores: int) -> Finding:
    seen = f"{load:.1f} runnable tasks over the last minute on {cores} cores"
    if load / cores > BUSY_LOAD:
        return warning("load", seen, "wait until the machine is idle")
    return ok("load", seen)


def _governor() -> Iterator[Finding]:
    governors = {
        text
        for path in (processor.SYS / "devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_governor")
        if (text := read_text(path))
    }
    if governors - {"performance"}:
        remedy = "sudo cpupower frequency-set --governor performance"
        yield warning("cpu governor", ", ".join(sorted(governors)), remedy)
    elif governors:
        yield ok("cpu governor", "performance")


def _turbo(on_cpu: bool) -> Iterator[Finding]:
    folder = processor.SYS / "devices/system/cpu"
    turbo_off, boost = folder / "intel_pstate/no_turbo", folder / "cpufreq/boost"
    switches = [(turbo_off, read_text(turbo_off), "0"), (boost, read_text(boost), "1")]
    for path, value, on in switches:
        if value is None:
            continue
        if value == on and on_cpu:
            remedy = f"echo {1 - int(on)} | sudo tee {path}"
            yield warning("cpu turbo", "on: the clock falls as cores warm up", remedy)
        else:
            yield ok("cpu turbo", "on" if value == on else "off")
        return
