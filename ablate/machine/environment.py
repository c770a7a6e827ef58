"""What this machine and its software are: the facts that every trial records, and the device's state around it."""

import functools
import importlib.metadata
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ablate.formats.canonical import Json
from ablate.machine import nvidia
from ablate.machine.processor import cpu_has_bfloat16, cpu_model, memory_bytes, usable_cores
from ablate.machine.programs import ask
from ablate.store.records import Environment

__all__ = ["cpp_compiler", "cpu_has_bfloat16", "describe", "gpu_state", "package_version", "source_state"]

DISTRIBUTION = "ablate-recipes"
COMMIT_VARIABLE = "ABLATE_COMMIT"
_PACKAGE_FOLDER = Path(__file__).resolve().parent.parent
_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class SourceState:
    """Which source the package runs from; commit and dirty flag only where there is a checkout of its own."""

    version: str | None
    commit: str | None
    dirty: bool | None


def describe(
    device: str, compute_dtype: str, extra: Mapping[str, Json] = MappingProxyType({}), *, opened: bool = True
) -> Environment:
    """The facts of this machine, its software and `device`, as trials cite them.

    Flat, and the same for every trial of a process unless something really changed. Names: package_version, commit,
    dirty, python, torch, torchvision, numpy, cuda, hip, cudnn, driver, device, device_name, device_memory_bytes,
    compute_dtype, cpu_model, cpu_capability, cpu_bfloat16, cores, usable_cores, threads, memory_bytes, platform, os,
    cpp_compiler; then those of `extra`, which may not repeat one of these. A fact that does not exist here is None. Without `opened`
    a CUDA device is not touched, and what only CUDA could tell of it is left out: not looked at is not absent.

    Raises:
        ValueError: `extra` repeats a name.
    """
    import torch

    source = source_state()
    facts: dict[str, Json] = {
        "package_version": source.version,
        "commit": source.commit,
        "dirty": source.dirty,
        **_software(),
        **({"cudnn": _cudnn_version()} if opened else {}),
        **_hardware(device, opened),
        "compute_dtype": compute_dtype,
        # Not cached: a caller may set it between two trials.
        "threads": torch.get_num_threads(),
        "cpp_compiler": compiler_version(cpp_compiler()),
    }
    if repeated := sorted(facts.keys() & extra.keys()):
        raise ValueError(f"extra facts repeat {', '.join(repeated)}, which the environment records itself")
    return Environment(facts={**facts, **extra})


def describe_plainly(device: str, extra: Mapping[str, Json] = MappingProxyType({})) -> Environment:
    """The facts of `describe` that can be had without importing torch, for trainings that may not use it.

    torch, torchvision and numpy are the versions installed beside this package, None where there are none.

    Raises:
        ValueError: `extra` repeats a name.
    """
    source = source_state()
    facts: dict[str, Json] = {
        "package_version": source.version,
        "commit": source.commit,
        "dirty": source.dirty,
        "python": platform.python_version(),
        **{name: installed_version(name) for name in ("torch", "torchvision", "numpy")},
        **_hardware(device, False),
        "platform": platform.platform(),
        "os": _operating_system(),
    }
    if repeated := sorted(facts.keys() & extra.keys()):
        raise ValueError(f"extra facts repeat {', '.join(repeated)}, which the environment records itself")
    return Environment(facts={**facts, **extra})


def gpu_state(device: str) -> Mapping[str, Json] | None:
    """A CUDA device's clocks, heat, power, use and throttle reasons now; None elsewhere or without nvidia-smi.

    Takes tens of milliseconds, so it belongs outside the clock. Names and units: `nvidia.state`.
    """
    return nvidia.state(gpu_identities(device)) if device.partition(":")[0] == "cuda" else None


def gpu_identities(device: str) -> tuple[str, ...]:
    """How nvidia-smi is told which GPU a CUDA device such as "cuda:1" is; empty where torch does not reach it."""
    properties = _cuda_properties(device)
    return () if properties is None else nvidia.identities(properties)


def cpp_compiler() -> str | None:
    """The path of the C++ compiler that torch's inductor would call; None where none is on the PATH.

    It takes the environment variable CXX, else clang++ on macOS and g++ elsewhere, and tries no other name.
    """
    return shutil.which(os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++"))


@functools.cache
def compiler_version(compiler: str | None) -> str | None:
    """The first line a compiler prints about itself; None where there is none or it does not answer."""
    answer = ask([compiler, "--version"], timeout_seconds=_TIMEOUT_SECONDS) if compiler else None
    return next(iter(answer.output.splitlines()), None) if answer and answer.status == 0 else None


def source_state() -> SourceState:
    """The package's version, commit and dirty flag; git is asked once a process.

    Commit and flag come from the checkout that the package's own source lies in, never from a repository that merely
    contains the current folder or the folder it was installed to; without one, ABLATE_COMMIT gives the commit and the
    flag is None. Dirty means that the package's folder or its pyproject.toml differ from the commit; new files count,
    since features are discovered from files.
    """
    state = _checkout_state(_PACKAGE_FOLDER.parent)
    if state.commit is None:
        return SourceState(state.version, os.environ.get(COMMIT_VARIABLE) or None, None)
    return state


def package_version() -> str:
    """The package's version: of the checkout that its source lies in, else of what is installed; "0+unknown" for a bare copy."""
    return _checkout_version(_PACKAGE_FOLDER.parent) or installed_version(DISTRIBUTION) or "0+unknown"


@functools.cache
def _checkout_state(root: Path) -> SourceState:
    version = _checkout_version(root)
    if version is None:
        return SourceState(installed_version(DISTRIBUTION), None, None)
    if not (root / ".git").exists():
        return SourceState(version, None, None)
    # A git hook that runs us has GIT_DIR and the like point at its own repository. Without the optional locks a status
    # does not write the index, so it cannot get in the way of a commit made meanwhile.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "status", "--porcelain=v2", "--branch", "--untracked-files=all", "--", "ablate", "pyproject.toml"]
    answer = ask(command, timeout_seconds=_TIMEOUT_SECONDS, environment=environment, cwd=root)
    if answer is None or answer.status != 0:
        return SourceState(version, None, None)
    lines = answer.output.splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if commit == "(initial)":
        return SourceState(version, None, None)
    return SourceState(version, commit, any(not line.startswith("#") for line in lines))


def _checkout_version(root: Path) -> str | None:
    """The version in the project file beside the package's folder; None where that is not this project's."""
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None
    return project.get("version") if project.get("name") == DISTRIBUTION else None


@functools.cache
def installed_version(distribution: str) -> str | None:
    """The version of a distribution that is installed here; None where it is not."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


@functools.cache
def _software() -> dict[str, Json]:
    import torch

    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "torchvision": installed_version("torchvision"),
        "numpy": installed_version("numpy"),
        "cuda": torch.version.cuda,
        "hip": torch.version.hip,
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "platform": platform.platform(),
        "os": _operating_system(),
    }


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _cudnn_version() -> int | None:
    import torch

    return torch.backends.cudnn.version() if torch.backends.cudnn.is_available() else None


_TOLD_BY_CUDA = ("device_name", "device_memory_bytes", "driver")


@functools.cache
def _hardware(device: str, opened: bool) -> dict[str, Json]:
    cores, memory = usable_cores(), memory_bytes().get("MemTotal")
    facts: dict[str, Json] = {
        "device": device,
        "device_name": cpu_model(),
        "device_memory_bytes": memory,
        "driver": None,
        "cpu_model": cpu_model(),
        "cpu_bfloat16": cpu_has_bfloat16(),
        "cores": os.cpu_count(),
        "usable_cores": int(cores) if cores.is_integer() else cores,
        "memory_bytes": memory,
    }
    if not opened and device.partition(":")[0] == "cuda":
        names = set(nvidia.gpu_names())
        told = {"device_name": names.pop()} if len(names) == 1 else {}
        return {name: fact for name, fact in facts.items() if name not in _TOLD_BY_CUDA} | told
    properties = _cuda_properties(device)
    if properties is not None:
        facts["device_name"] = str(properties.name)
        facts["device_memory_bytes"] = int(properties.total_memory)
        asked = nvidia.query(nvidia.identities(properties), ["driver_version"])
        facts["driver"] = asked["driver_version"] if asked else None
    return facts


@functools.cache
def _cuda_properties(device: str) -> Any:
    """What torch knows of a CUDA device; None for any other, and where it is not there."""
    kind, _, ordinal = device.partition(":")
    if kind != "cuda":
        return None
    import torch

    count = torch.cuda.device_count()
    if not count or (ordinal and not (ordinal.isdigit() and int(ordinal) < count)):
        return None
    return torch.cuda.get_device_properties(int(ordinal) if ordinal else torch.cuda.current_device())
