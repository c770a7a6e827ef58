"""Is the GPU idle, cool and free to run at its clocks?"""

from collections.abc import Iterator, Sequence

from ablate.doctor.finding import Finding, ok, warning
from ablate.machine import nvidia

HOT_CELSIUS = 75.0
"""A GPU that is this warm before it has begun slows down once it has: slowdown starts at 83 to 90 on most boards."""

BUSY_UTILISATION = 0.05
BUSY_MEMORY_BYTES = 2.0 * 2**30

_FIELDS = (
    "persistence_mode",
    "clocks.sm",
    "clocks.max.sm",
    "temperature.gpu",
    "power.limit",
    "power.default_limit",
    "utilization.gpu",
    "memory.used",
    "clocks_event_reasons.active",
)

_HARMFUL_REASONS = {
    "power_cap": "raise the limit with `sudo nvidia-smi -pl WATTS`, or lock lower clocks with `-lgc`",
    "hardware_slowdown": "check the power supply and the cooling",
    "thermal_slowdown": "let it cool, or improve the cooling",
    "hardware_thermal_slowdown": "let it cool, or improve the cooling",
    "power_brake": "check the power supply",
    "sync_boost": "take the GPU out of its boost group",
}


def gpu_findings(gpu: Sequence[str]) -> Iterator[Finding]:
    """What nvidia-smi shows of the GPU that one of the identities in `gpu` names."""
    values = nvidia.query(gpu, _FIELDS)
    if values is None:
        yield warning(
            "gpu state",
            "nvidia-smi is missing, does not answer, or does not know this GPU",
            "install the driver's tools: without them trials carry no clocks, heat or throttle reasons",
        )
        return
    yield _idle(values, nvidia.other_processes(gpu))
    if values["persistence_mode"] is not None:
        yield _persistence(values["persistence_mode"])
    yield _throttling(values["clocks_event_reasons.active"])
    yield _clocks(values)
    temperature = nvidia.number(values["temperature.gpu"])
    if temperature is not None:
        yield _temperature(temperature)
    limit, default = nvidia.number(values["power.limit"]), nvidia.number(values["power.default_limit"])
    if limit is not None and default is not None:
        yield _power(limit, default)


def _idle(values: dict[str, str | None], others: list[nvidia.GpuProcess] | None) -> Finding:
    utilisation = nvidia.number(values["utilization.gpu"], 0.01)
    memory = nvidia.number(values["memory.used"], 2.0**20)
    seen = [] if utilisation is None else [f"{utilisation:.0%} in use"]
    seen += [] if memory is None else [f"{memory / 2**30:.1f} GiB of memory taken"]
    # In a container the driver hides processes, or shows them with numbers of another namespace; use and memory remain.
    seen += [f"{process.name} ({process.pid})" for process in others or []]
    busy = others or (utilisation or 0.0) > BUSY_UTILISATION or (memory or 0.0) > BUSY_MEMORY_BYTES
    if busy:
        return warning(
            "gpu idle", ", ".join(seen), "end what else runs on it, or choose another with `--device cuda:N`"
        )
    return ok("gpu idle", ", ".join(seen) or "no other process")


def _persistence(mode: str) -> Finding:
    if mode == "Enabled":
        return ok("persistence mode", "on")
    return warning("persistence mode", "off: each start wakes the driver anew", "sudo nvidia-smi -pm 1")


def _throttling(mask: str | None) -> Finding:
    reasons = nvidia.throttle_reasons(mask)
    harmful = [reason for reason in reasons or [] if reason in _HARMFUL_REASONS]
    if harmful:
        return warning(
            "throttling", ", ".join(harmful), "; ".join(dict.fromkeys(map(_HARMFUL_REASONS.__getitem__, harmful)))
        )
    return ok("throttling", "the driver does not tell" if reasons is None else ", ".join(reasons) or "none")


def _clocks(values: dict[str, str | None]) -> Finding:
    now, most = nvidia.number(values["clocks.sm"]), nvidia.number(values["clocks.max.sm"])
    speeds = f"{now or 0:.0f} MHz now, {most or 0:.0f} at most"
    if "application_clocks" in (nvidia.throttle_reasons(values["clocks_event_reasons.active"]) or []):
        return ok("gpu clocks", f"{speeds}; held by application clocks")
    # Not a warning: the driver does not tell of locked clocks, and interleaved arms cancel what drifts.
    return ok("gpu clocks", f"{speeds}; may drift unless locked with `sudo nvidia-smi -lgc MHZ`")


def _temperature(celsius: float) -> Finding:
    if celsius >= HOT_CELSIUS:
        return warning("gpu temperature", f"{celsius:.0f} °C before any trial", "let it cool before you start")
    return ok("gpu temperature", f"{celsius:.0f} °C")


def _power(limit: float, default: float) -> Finding:
    if limit < default:
        remedy = f"sudo nvidia-smi -pl {default:.0f}, or say the limit beside the numbers"
        return warning("gpu power limit", f"{limit:.0f} W of the usual {default:.0f} W", remedy)
    return ok("gpu power limit", f"{limit:.0f} W")
