"""Workers behind a command, as `ssh box` or `srun -N1 -n1 --gpus=1`: anything that carries stdin and stdout. Free of torch."""

import itertools
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from ablate.engine import parcels
from ablate.engine.child import ChildDiedError, ChildTimeoutError, PipedWorker, piped
from ablate.engine.places import NeverRanError, Worker
from ablate.engine.worker import ALIVE, BEATS_IN_A_LEASE, LEASE_SECONDS, STDIO, TRIAL_COMMANDS, WANTED
from ablate.errors import UsageError
from ablate.machine.programs import same_modules

WORKER_MODULE = "ablate.engine.worker"

_FIRST_WORD_IN_LEASES = 20
"""A command may have to queue, and the worker imports torch from a slow disk; what takes longer is allocated before."""

_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_JOINING = frozenset({"ssh", "autossh"})
"""Programs that make one line of their words, which a shell at the other end takes apart again."""


def command_line(command: str) -> list[str]:
    """The words of a command seat, with the call of a worker behind them: `PYTHON -P -m ablate.engine.worker --stdio`.

    The call is the words as they are, but one word, quoted for a shell, behind `sh -c` and behind ssh. PYTHON is the one that runs
    here. A command that names the worker's module already is left as it is: for another Python, or where the call goes elsewhere.

    Raises:
        UsageError: no words, or quotes that do not close.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--seats command:{command} cannot be split into words: {error}.") from error
    if not words:
        raise UsageError("--seats command: needs a command, as command:'ssh box' or command:'srun -N1 -n1 --gpus=1'.")
    if any(WORKER_MODULE in word for word in words):
        return words
    call = [sys.executable, "-P", "-m", WORKER_MODULE, STDIO]
    names = [PurePath(word).name for word in words]
    quoted = names[0] in _JOINING or (words[-1] == "-c" and len(words) > 1 and names[-2] in _SHELLS)
    return [*words, shlex.join(call)] if quoted else [*words, *call]


class CommandPlace:
    """Workers behind a command, one at a time; see `command_line`. Files of the run folder that they do not see are sent to them."""

    def __init__(self, command: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self.name = f"command:{command}"
        self._words, self._lease_seconds = command_line(command), lease_seconds

    def start(self, factory: str, arguments: Mapping[str, Any], halted: threading.Event) -> Worker:
        """See `Place`."""
        return CommandWorker(self._words, factory, arguments, halted, self._lease_seconds)


class CommandWorker(PipedWorker):
    """A worker at the other end of a command's stdin and stdout; its stderr is this process's."""

    def __init__(
        self,
        words: Sequence[str],
        factory: str,
        arguments: Mapping[str, Any],
        halted: threading.Event,
        lease_seconds: float,
    ) -> None:
        def start(its_commands: int, its_answers: int) -> "subprocess.Popen[bytes]":
            # A session of its own: Ctrl-C in this terminal is for the driver to make sense of.
            return subprocess.Popen(
                words, stdin=its_commands, stdout=its_answers, env=same_modules(), start_new_session=True
            )

        process, commands, answers = piped(start, words[0])
        os.set_blocking(commands, False)
        super().__init__(process, commands, answers, halted)
        self.patience_seconds = 2 * lease_seconds
        self.first_word_seconds = _FIRST_WORD_IN_LEASES * lease_seconds
        self._arguments = arguments
        self._requests = itertools.count(1)
        self._request: int | None = None
        self._ready = False
        self._ended = threading.Event()
        with suppress(ChildDiedError):
            self.send(
                {
                    "kind": "make",
                    "factory": factory,
                    "arguments": dict(arguments),
                    "hello": True,
                    "lease_seconds": lease_seconds,
                    "parcel": parcels.manifest(arguments),
                }
            )
        self._beating = threading.Thread(target=self._beat, args=(lease_seconds / BEATS_IN_A_LEASE,), daemon=True)
        self._beating.start()

    def _beat(self, seconds: float) -> None:
        while not self._ended.wait(seconds):
            with suppress(ChildDiedError):
                super().send({"kind": ALIVE})

    def send(self, message: Mapping[str, Any]) -> None:
        """See `Worker`; each request for a trial has a number, which its answers repeat."""
        if message["kind"] in TRIAL_COMMANDS:
            self._request = next(self._requests)
            message = {**message, "request": self._request}
        super().send(message)

    def _message(self, line: bytes) -> dict[str, Any] | None:
        try:
            message = json.loads(line)
            kind = message["kind"]
        except (ValueError, TypeError, KeyError):
            if self._ready:
                raise self._death(f"it sent what is no message: {line[:80]!r}") from None
            # What a shell says on its way in.
            sys.stderr.write(line.decode(errors="replace") + "\n")
            return None
        if kind == ALIVE or message.get("request", self._request) != self._request:
            return None
        if kind == WANTED:
            super().send({"kind": "files", "files": parcels.pack(self._arguments, message["names"])})
            return None
        if kind == "ready":
            self._ready = True
            self.host = message["hello"]["host"]
        told: dict[str, Any] = message
        return told

    def _death(self, how: str) -> ChildDiedError:
        return NeverRanError(how) if self._request is None else ChildDiedError(how)

    def _lateness(self) -> Exception:
        return NeverRanError("it was not ready in time") if self._request is None else ChildTimeoutError()

    def end(self) -> None:
        """See `Worker`."""
        self._ended.set()
        super().end()

    def kill(self) -> None:
        """See `Worker`; the worker's stdin ends with that, and so does the worker, or its lease does."""
        self._ended.set()
        super().kill()

    def _stop_process(self) -> None:
        # The group: a shell's children would go on and hold the pipes open.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
