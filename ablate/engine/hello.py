"""Hello: what a worker says of itself before its first trial, and whether a study's other workers are of the same kind. Free of torch."""

import os
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from ablate.engine.conditions import COMPARED_FACTS, MARK_PREFIX, shown_fact
from ablate.engine.trainer import Trainer
from ablate.formats.canonical import Json
from ablate.machine import nvidia
from ablate.store.records import Environment
from ablate.store.trials import TrialStore

OTHERS_MARK = "other processes on its GPU"

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MEMORY, _POWER = "device_memory_gib", "power_limit_watts"
_KINDS = {**COMPARED_FACTS, _MEMORY: "device", _POWER: "device"}


@runtime_checkable
class TellsItsEnvironment(Protocol):
    """What a Trainer can do besides: say what its trials will run on before one has."""

    def environment(self) -> Environment:
        """The environment that its trials cite."""


def hello(trainer: Trainer) -> dict[str, Any]:
    """What this process says of itself: host, hardware, facts, and how many other processes compute on its GPU.

    `hardware` is equal for two workers that share a GPU or the same cores, `facts` are those of the environment that trials cite, with
    the GPU's power limit in watts.
    """
    facts = dict(trainer.environment().facts) if isinstance(trainer, TellsItsEnvironment) else {}
    said: dict[str, Any] = {"host": socket.gethostname(), "hardware": _cores(), "facts": facts, "others": 0}
    device = str(facts.get("device", ""))
    if device.partition(":")[0] == "cuda":
        gpu = _gpu(device)
        values = nvidia.query([gpu], ["uuid", "power.limit"]) or {}
        facts[_POWER] = nvidia.number(values.get("power.limit"))
        said["hardware"] = values.get("uuid") or f"{_cores()} GPU {gpu}"
        said["others"] = len(nvidia.other_processes([gpu]) or ())
    return said


def _gpu(device: str) -> str:
    """How nvidia-smi is told which GPU a CUDA device is, as far as that can be told without CUDA."""
    place = int(device.partition(":")[2] or 0)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return visible[place].strip() if visible != [""] and place < len(visible) else str(place)


def _cores() -> str:
    """The cores that this process may use, and the machine that they are of."""
    try:
        machine = _BOOT_ID.read_text().strip()
    except OSError:
        machine = socket.gethostname()
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return f"{machine} cores {','.join(map(str, cores))}"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A worker that may train: the marks of its trials, and what hardware it said it has."""

    marks: tuple[str, ...] = ()
    hardware: str = ""


def facts_of(store: TrialStore) -> Mapping[str, Json] | None:
    """The facts of the environment that the last trial of a run folder to go well cites; None before the first."""
    last = next((trial for trial in reversed(list(store)) if trial.status == "ok"), None)
    return None if last is None else store.environments[last.environment].facts


class Muster:
    """What all seats of a study have in common: the first fixes it, or what a run folder's trials recorded; who differs is refused.

    `folder` are the facts of the environment that the folder's last trial cites. With `allow_mixed` a first seat that differs from
    them fixes another class, and the trials are marked. May be used from several threads.
    """

    def __init__(self, folder: Mapping[str, Json] | None = None, *, allow_mixed: bool = False) -> None:
        self._folder, self._allow_mixed = dict(folder or {}), allow_mixed
        self._class: dict[str, Json] | None = None
        self._seats: dict[str, set[object]] = {}
        self._lock = threading.Lock()

    def admit(self, place: object, said: Mapping[str, Any]) -> Admitted | str:
        """Take the seat of a place in, or say what differs, in one sentence's worth of words."""
        facts = _comparable(said["facts"])
        folder = _comparable(self._folder)
        with self._lock:
            wanted = self._class if self._class is not None else {} if self._allow_mixed else folder
            differing = _differing(wanted, facts)
            if differing:
                return "; ".join(
                    f"{name} is {shown_fact(facts[name])}, the study's {shown_fact(wanted[name])}" for name in differing
                )
            # What the folder did not record, the first seat fixes.
            self._class = {**facts, **wanted} if self._class is None else self._class
            self._seats.setdefault(str(said["hardware"]), set()).add(place)
        kinds = dict.fromkeys(_KINDS[name] for name in _differing(folder, facts)) if self._allow_mixed else {}
        marks = [f"{MARK_PREFIX}{kind}" for kind in kinds]
        if said.get("others"):
            marks.append(OTHERS_MARK)
        return Admitted(tuple(marks), str(said["hardware"]))

    def leave(self, place: object) -> None:
        """The seat of a place is given up."""
        with self._lock:
            for sharing in self._seats.values():
                sharing.discard(place)

    def beside(self, admitted: Admitted) -> int:
        """How many other seats share a worker's hardware, as far as they have come."""
        with self._lock:
            return max(0, len(self._seats.get(admitted.hardware, ())) - 1)


def _comparable(facts: Mapping[str, Json]) -> dict[str, Json]:
    """The facts that must not differ within a contrast."""
    kept = {name: facts[name] for name in _KINDS if name in facts}
    memory = facts.get("device_memory_bytes")
    # The memory of a CPU's machine differs by what its firmware keeps.
    if str(facts.get("device", "")).startswith("cuda") and isinstance(memory, int | float):
        kept[_MEMORY] = round(memory / 2**30)
    return kept


def _differing(wanted: Mapping[str, Json], facts: Mapping[str, Json]) -> Iterable[str]:
    return [name for name in _KINDS if name in wanted and name in facts and wanted[name] != facts[name]]
