"""A fresh process whose printed lines are followed, and which is ended when enough was seen."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from ablate.errors import AblateError

GRACE_SECONDS = 10.0
_LAST_LINES = 12
_POLL_SECONDS = 0.5


class DeadlineError(Exception):
    """The time given to the whole harness is over."""


class Child:
    """A process group of its own, its output unbuffered and copied to a log; leaving the context ends it.

    `patience_seconds`: how long it may print nothing, on either stream, before it counts as stuck. `deadline`: a
    `time.monotonic()` moment after which waiting ends with a DeadlineError; None for never.

    Raises:
        AblateError: the process ended or got stuck while more output was waited for; its last lines are in the message.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        patience_seconds: float,
        deadline: float | None = None,
    ) -> None:
        self._name = name
        self._patience_seconds = patience_seconds
        self._deadline = deadline
        self._log = log
        self._log_file = log.open("ab")
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Compilers start workers of their own: they are ended with the group.
            start_new_session=True,
        )

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def output(self) -> Iterator[str]:
        """What it prints on standard output, piece by piece, until it ends by itself with success."""
        streams = [stream for stream in (self._process.stdout, self._process.stderr) if stream is not None]
        standard_output = streams[0]
        last_sign = time.monotonic()
        tail = b""
        while streams:
            self._check_deadline()
            ready, _, _ = select.select(streams, [], [], _POLL_SECONDS)
            if not ready and time.monotonic() - last_sign > self._patience_seconds:
                raise AblateError(
                    f"{self._name} printed nothing for {self._patience_seconds:.0f} s (--patience); {self._last_words()}"
                )
            for stream in ready:
                piece = os.read(stream.fileno(), 1 << 16)
                if not piece:
                    streams.remove(stream)
                    continue
                last_sign = time.monotonic()
                self._log_file.write(piece)
                self._log_file.flush()
                if stream is standard_output:
                    tail += piece
                    complete, tail = _whole_characters(tail)
                    yield complete
        if (status := self._process.wait()) != 0:
            raise AblateError(f"{self._name} ended with {_how(status)}; {self._last_words()}")

    def end(self) -> None:
        """Terminate the group, kill what is left of it after a grace period, and close the log."""
        with _gone_is_fine():
            os.killpg(self._process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE_SECONDS)
        with _gone_is_fine():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr, self._log_file):
            if stream is not None:
                stream.close()

    def _check_deadline(self) -> None:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            raise DeadlineError

    def _last_words(self) -> str:
        lines = self._log.read_bytes()[-20_000:].decode(errors="replace").splitlines()
        last = [line for line in lines if line.strip()][-_LAST_LINES:]
        return "\n".join([f"the end of {self._log}:", *last]) if last else "it never printed anything."


def _whole_characters(data: bytes) -> tuple[str, bytes]:
    """The text of all complete UTF-8 characters, and the bytes of one that is cut."""
    for cut in range(min(4, len(data) + 1)):
        try:
            return data[: len(data) - cut].decode(), data[len(data) - cut :]
        except UnicodeDecodeError:
            continue
    return data.decode(errors="replace"), b""


def _how(status: int) -> str:
    return f"signal {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (ProcessLookupError, PermissionError):
        return
