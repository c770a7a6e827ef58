"""Are versions, variables, source and data what a measurement needs?"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ablate.doctor.finding import Finding, ok, problem, warning
from ablate.errors import AblateError
from ablate.machine import environment

OLDEST_TORCH = (2, 11)

# Variable -> what it does to a measurement. One that is unset, empty or "0" does nothing.
_SLOWING_VARIABLES = {
    "CUDA_LAUNCH_BLOCKING": "waits after every kernel",
    "CUDA_INJECTION64_PATH": "loads a profiler into every CUDA program",
    "CUBLAS_WORKSPACE_CONFIG": "restricts cuBLAS",
    "CUDNN_LOGLEVEL_DBG": "logs every cuDNN call",
    "DNNL_VERBOSE": "logs every oneDNN call",
    "MKL_VERBOSE": "logs every MKL call",
    "NVIDIA_TF32_OVERRIDE": "overrides float32 precision",
    "ONEDNN_VERBOSE": "logs every oneDNN call",
    "PYTHONDEVMODE": "turns on Python's debug checks",
    "PYTHONMALLOC": "replaces Python's allocator",
    "PYTHONTRACEMALLOC": "traces every allocation",
    "PYTORCH_NO_CUDA_MEMORY_CACHING": "turns off torch's memory cache",
    "TORCH_COMPILE_DEBUG": "writes out every compilation",
    "TORCH_COMPILE_DISABLE": "turns compilation off",
    "TORCH_LOGS": "logs torch's inner workings",
    "TORCH_TRACE": "traces every compilation",
    "TORCH_USE_CUDA_DSA": "adds device-side assertions",
}
_COMPILER_PREFIXES = ("TORCHINDUCTOR_", "TORCHDYNAMO_")
# These say only where caches lie and how many processes compile, which happens outside the clock.
_HARMLESS_VARIABLES = {"TORCHINDUCTOR_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS"}


def version_finding(torch_version: str) -> Finding:
    """Whether torch is one that this package supports; newer ones are."""
    release = tuple(int(part) for part in torch_version.split("+")[0].split(".")[:2])
    if release < OLDEST_TORCH:
        oldest = ".".join(map(str, OLDEST_TORCH))
        return problem("versions", f"torch {torch_version}", f"pip install 'torch>={oldest}' torchvision")
    return ok("versions", f"torch {torch_version}")


def variable_finding(variables: Mapping[str, str]) -> Finding:
    """Environment variables that slow training or change what is compiled."""
    effects = {
        name: _SLOWING_VARIABLES.get(name, "changes what is compiled")
        for name, value in sorted(variables.items())
        if value not in ("", "0") and name not in _HARMLESS_VARIABLES
        if name in _SLOWING_VARIABLES or name.startswith(_COMPILER_PREFIXES)
    }
    if not effects:
        return ok("variables", "none that slow training")
    seen = ", ".join(f"{name}={variables[name]} ({effect})" for name, effect in effects.items())
    return warning("variables", seen, f"unset {' '.join(effects)}")


def source_finding() -> Finding:
    """Whether a trial can be traced to the source it ran."""
    source = environment.source_state()
    seen = f"ablate {source.version or 'of unknown version'}, commit {(source.commit or 'unknown')[:12]}"
    if source.dirty:
        return warning(
            "source", f"{seen} with changes that are not committed", "commit them, so that trials can be traced"
        )
    if source.version is None and source.commit is None:
        return warning("source", seen, f"set {environment.COMMIT_VARIABLE} to the commit you run")
    return ok("source", seen)


def data_findings(data_home: Path | None) -> Iterator[Finding]:
    """The sets in the data home; CIFAR-10 is missed, since `--data auto` takes the synthetic set without it."""
    from ablate import datasets

    try:
        home = datasets.data_home(data_home)
        names = sorted(found.name for found in datasets.installed(home))
    except (AblateError, OSError) as error:
        yield warning("data sets", str(error), "mend or remove that set, then `ablate data list`")
        return
    seen = f"{', '.join(names) or 'none'} in '{home}'"
    if "cifar10" in names:
        yield ok("data sets", seen)
    else:
        remedy = "ablate data fetch; until then `--data auto` takes the synthetic set"
        yield warning("data sets", f"no cifar10: {seen}", remedy)


def current_variables() -> Mapping[str, str]:
    """The environment of this process."""
    return os.environ
