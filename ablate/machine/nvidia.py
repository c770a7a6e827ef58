"""What `nvidia-smi` knows of one GPU: clocks, heat, power, and who else is on it; no extra package, no long wait.

A program and not its library (nvidia-ml-py): a driver that hangs would hang this process with it, while a program can be left
behind. And what trials record of their GPU must be the same whether or not an optional package is installed.
"""

import csv
import functools
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ablate.formats.canonical import Json
from ablate.machine.programs import ask

TIMEOUT_SECONDS = 5.0
"""How long one question may take; a driver without persistence mode needs 1 to 3 seconds to wake."""

# Bits of clocks_event_reasons.active, from the NVML API reference ("NvmlClocksEventReasons").
THROTTLE_REASONS = {
    0x001: "idle",
    0x002: "application_clocks",
    0x004: "power_cap",
    0x008: "hardware_slowdown",
    0x010: "sync_boost",
    0x020: "thermal_slowdown",
    0x040: "hardware_thermal_slowdown",
    0x080: "power_brake",
    0x100: "display_clocks",
}

# Drivers before 535 know the reasons only by their older name.
_OLDER_NAMES = {"clocks_event_reasons.active": "clocks_throttle_reasons.active"}

_STATE_FIELDS = (
    "clocks.sm",
    "clocks.mem",
    "temperature.gpu",
    "power.draw",
    "utilization.gpu",
    "memory.used",
    "pstate",
    "clocks_event_reasons.active",
)


@dataclass(slots=True)
class _NvidiaSmi:
    """One executable, and what was learned about it: names it does not know, and whether it hangs."""

    executable: str
    unknown: set[str] = field(default_factory=set)
    hung: bool = False

    def ask(self, question: Sequence[str]) -> str | None:
        """The table without its header; None when it failed. After one hang it is not asked again."""
        if self.hung:
            return None
        command = [self.executable, *question, "--format=csv,noheader,nounits"]
        answer = ask(command, timeout_seconds=TIMEOUT_SECONDS)
        if answer is None:
            return None
        self.hung = answer.status is None
        for name in question[0].partition("=")[2].split(","):
            if f'"{name}"' in answer.output + answer.errors and "not a valid field" in answer.output + answer.errors:
                self.unknown.add(name)
        return answer.output if answer.status == 0 else None

    def query(self, identity: str, names: Sequence[str]) -> dict[str, str | None] | None:
        """The values of one GPU by the names asked for; None where the GPU or the program is not to be had."""
        # Each failure over an unknown name teaches at least one, so this ends.
        while True:
            asked = {self._spelling(name): name for name in names if self._spelling(name) not in self.unknown}
            known_unknowns = len(self.unknown)
            table = self.ask([f"--query-gpu={','.join(asked)}", f"--id={identity}"]) if asked else ""
            if table is not None:
                break
            if len(self.unknown) == known_unknowns:
                return None
        rows = _rows(table)
        if len(rows) != 1 or len(rows[0]) != len(asked):
            return None
        values = dict(zip(asked.values(), rows[0], strict=True))
        return {name: _present(values.get(name)) for name in names}

    def _spelling(self, name: str) -> str:
        return _OLDER_NAMES.get(name, name) if name in self.unknown else name


@functools.cache
def _smi_at(executable: str) -> _NvidiaSmi:
    return _NvidiaSmi(executable)


def _smi() -> _NvidiaSmi | None:
    executable = shutil.which("nvidia-smi")
    return _smi_at(executable) if executable else None


def _rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in row] for row in csv.reader(table.splitlines(), skipinitialspace=True) if row]


def _present(value: str | None) -> str | None:
    """The value, or None where the driver says in one of its ways that there is none."""
    return None if value is None or value == "" or value.startswith("[") or value in ("N/A", "Unknown") else value


def number(value: str | None, factor: float = 1.0) -> float | None:
    """A printed number in another unit; None where there is none."""
    try:
        return None if value is None else float(value) * factor
    except ValueError:
        return None


def throttle_reasons(mask: str | None) -> list[str] | None:
    """The names behind a printed bit mask such as 0x0000000000000004, in the order of the bits."""
    if mask is None:
        return None
    try:
        bits = int(mask, 16)
    except ValueError:
        return None
    unnamed = bits & ~functools.reduce(int.__or__, THROTTLE_REASONS)
    return [name for bit, name in THROTTLE_REASONS.items() if bits & bit] + ([hex(unnamed)] if unnamed else [])


def identities(properties: Any) -> tuple[str, ...]:
    """How `nvidia-smi --id` may be told which GPU is meant, best first: its UUID, its PCI address.

    `properties` is what `torch.cuda.get_device_properties` gives, which already minds CUDA_VISIBLE_DEVICES; the plain
    ordinal would not, and the two programs may also count in different orders.
    """
    found = []
    uuid = getattr(properties, "uuid", None)
    if uuid is not None:
        found.append(f"GPU-{str(uuid).removeprefix('GPU-')}")
    if getattr(properties, "pci_bus_id", None) is not None:
        domain = getattr(properties, "pci_domain_id", 0)
        found.append(f"{domain:08x}:{properties.pci_bus_id:02x}:{properties.pci_device_id:02x}.0")
    return tuple(found)


def query(gpu: Sequence[str], names: Sequence[str]) -> dict[str, str | None] | None:
    """Values of the GPU that one of the identities in `gpu` names, in nvidia-smi's spelling without units.

    None where there is no nvidia-smi, it hangs, or it does not know the GPU; a single value is None where the driver
    does not tell it.
    """
    smi = _smi()
    if smi is None:
        return None
    return next((values for identity in gpu if (values := smi.query(identity, names)) is not None), None)


def state(gpu: Sequence[str]) -> Mapping[str, Json] | None:
    """Clocks in MHz, temperature in degrees Celsius, power in watts, utilisation as a fraction, memory in bytes."""
    values = query(gpu, _STATE_FIELDS)
    if values is None:
        return None
    facts: dict[str, Json] = {
        "sm_clock_mhz": number(values["clocks.sm"]),
        "memory_clock_mhz": number(values["clocks.mem"]),
        "temperature_celsius": number(values["temperature.gpu"]),
        "power_watts": number(values["power.draw"]),
        "utilisation": number(values["utilization.gpu"], 0.01),
        "memory_used_bytes": number(values["memory.used"], 2.0**20),
        "performance_state": values["pstate"],
    }
    reasons = throttle_reasons(values["clocks_event_reasons.active"])
    facts["throttle_reasons"] = None if reasons is None else [*reasons]
    return facts


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that computes on a GPU; memory in bytes, None where the driver does not tell."""

    pid: int
    name: str
    memory_bytes: float | None


def other_processes(gpu: Sequence[str]) -> list[GpuProcess] | None:
    """The compute processes on a GPU apart from this one; None where that cannot be known."""
    smi = _smi()
    if smi is None:
        return None
    for identity in gpu:
        table = smi.ask(["--query-compute-apps=pid,process_name,used_memory", f"--id={identity}"])
        if table is not None:
            rows = [row for row in _rows(table) if len(row) == 3 and row[0].isdigit()]
            found = [GpuProcess(int(pid), name, number(_present(used), 2.0**20)) for pid, name, used in rows]
            return [process for process in found if process.pid != os.getpid()]
    return None


def gpu_names() -> list[str]:
    """Every GPU that the driver sees, by product name, whether or not torch can use it."""
    smi = _smi()
    table = smi.ask(["--query-gpu=name"]) if smi else None
    return [row[0] for row in _rows(table or "")]
