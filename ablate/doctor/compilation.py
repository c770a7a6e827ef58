"""Does torch.compile work here? Really tried, in a process of its own, so that a crash or a hang is a finding."""

import getpass
import importlib.metadata
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ablate.doctor.finding import Finding, ok, warning
from ablate.doctor.machine import folder_finding
from ablate.machine import environment
from ablate.machine.programs import Answer, ask

LIMIT_SECONDS = 180.0
"""A cold compile of the probe takes 5 to 30 seconds on two cores; longer than this is a hang."""

_EAGER = "until then every arm trains with compilation off, and says so"

# The cache lies in a folder of the probe's own: a hit in the user's would prove nothing about the compiler.
_PROBE = """
import sys, torch
probe = torch.compile(lambda x: torch.nn.functional.gelu(x * 2 + 1).sum(), dynamic=False)
x = torch.linspace(-1, 1, 4096, device=sys.argv[1])
expected = torch.nn.functional.gelu(x * 2 + 1).sum()
torch.testing.assert_close(probe(x), expected, rtol=1e-3, atol=1e-3)
"""


def compilation_findings(device: str) -> Iterator[Finding]:
    """The C++ compiler or Triton, a function really compiled for `device`, and the place of the compile cache."""
    compiler = environment.cpp_compiler()
    named = environment.compiler_version(compiler)
    if compiler is None:
        asked = os.environ.get("CXX") or "g++"
        yield warning("c++ compiler", f"no '{asked}' on the PATH", f"install g++, or set CXX to another; {_EAGER}")
    else:
        yield ok("c++ compiler", f"{compiler}: {named or 'does not tell its version'}")
    if device.startswith("cuda"):
        yield _triton()
    if compiler is not None or device.startswith("cuda"):
        yield _probe(device)
    yield from _caches(device)


def _triton() -> Finding:
    for name in ("triton", "pytorch-triton-rocm"):
        try:
            return ok("triton", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            continue
    return warning("triton", "not installed", f"install a torch wheel built for CUDA, which brings it; {_EAGER}")


def _probe(device: str) -> Finding:
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ablate-doctor-", ignore_cleanup_errors=True) as folder:
        variables = {
            **os.environ,
            "TORCHINDUCTOR_CACHE_DIR": folder,
            "TRITON_CACHE_DIR": str(Path(folder) / "triton"),
            "TORCHINDUCTOR_COMPILE_THREADS": "1",
        }
        answer = ask([sys.executable, "-c", _PROBE, device], timeout_seconds=LIMIT_SECONDS, environment=variables)
    if answer is not None and answer.status == 0:
        return ok("compilation", f"a small function compiled and ran in {time.monotonic() - started:.0f} s")
    return warning("compilation", _failure(answer), f"mend the compiler, or try another with CXX; {_EAGER}")


def _failure(answer: Answer | None) -> str:
    if answer is None:
        return "the probe could not be started"
    if answer.status is None:
        return f"not done after {LIMIT_SECONDS:.0f} s"
    # Tracebacks end with the error itself, but torch adds advice about its logging after it.
    lines = [line.strip() for line in answer.errors.splitlines()]
    errors = [line for line in lines if "Error" in line.partition(":")[0] or "error:" in line]
    told = (errors or [line for line in lines if line] or ["no message"])[-1]
    how = f"killed by signal {-answer.status}" if answer.status < 0 else f"exit {answer.status}"
    return f"{how}: {told[:200]}"


def _caches(device: str) -> Iterator[Finding]:
    """Where inductor and Triton keep what they compiled; a finding each, never a problem: they only save time."""
    inductor = os.environ.get("TORCHINDUCTOR_CACHE_DIR") or f"{tempfile.gettempdir()}/torchinductor_{_user()}"
    places = [("compile cache", "TORCHINDUCTOR_CACHE_DIR", Path(inductor))]
    if device.startswith("cuda"):
        triton = os.environ.get("TRITON_CACHE_DIR") or Path.home() / ".triton" / "cache"
        places.append(("triton cache", "TRITON_CACHE_DIR", Path(triton)))
    for check, variable, folder in places:
        found = folder_finding(check, folder, f"set {variable} to a folder that can be written")
        yield warning(check, found.seen, found.remedy) if found.status == "problem" else found


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, ModuleNotFoundError, OSError):
        return f"uid_{os.getuid()}"
