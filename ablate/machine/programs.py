"""Ask another program for its answer, without ever waiting long for it."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said: its exit status (None: it was stopped at the limit) and its two outputs."""

    status: int | None
    output: str
    errors: str


def ask(
    command: Sequence[str],
    *,
    timeout_seconds: float,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Answer | None:
    """Run a program to its end, or stop it and its children at the limit; None where it cannot be started.

    A program that is stuck in the kernel, as `nvidia-smi` on a broken driver, is left behind rather than waited for.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd=cwd,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError:
        return None
    try:
        output, errors = process.communicate(timeout=timeout_seconds)
        return Answer(process.returncode, output, errors)
    except subprocess.TimeoutExpired as late:
        _stop(process)
        return Answer(None, _text(late.stdout), _text(late.stderr))
    except BaseException:
        _stop(process)
        raise


_USERS_SEARCH_PATH = "ABLATE_USERS_PYTHONPATH"


def same_modules() -> dict[str, str]:
    """The environment in which a new Python process finds modules where this one does."""
    search_path = os.pathsep.join(dict.fromkeys(folder or os.getcwd() for folder in sys.path))
    users = users_environment().get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": search_path, _USERS_SEARCH_PATH: users}


def users_environment() -> dict[str, str]:
    """The environment as the user set it, also in a process that was started with that of `same_modules`: for programs of theirs."""
    environment = dict(os.environ)
    if (users := environment.pop(_USERS_SEARCH_PATH, None)) is not None:
        environment.pop("PYTHONPATH", None)
        environment |= {"PYTHONPATH": users} if users else {}
    return environment


def _stop(process: subprocess.Popen[str]) -> None:
    # The group, not the process: a compiler's or a shell's children would go on and hold the pipes open.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=1.0)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _text(said: str | bytes | None) -> str:
    if isinstance(said, bytes):
        return said.decode(errors="replace")
    return said or ""
