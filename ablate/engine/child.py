"""The parent's side of a child process: starting it, talking to it, and telling what killed it. Free of torch."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from ablate.engine.told import ToldTrials
from ablate.errors import AblateError
from ablate.machine.programs import same_modules
from ablate.store.records import FinishedTrial

_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 10.0

_REMEDIES = {
    signal.SIGKILL: "most likely by the system, for want of memory; free some, or use --preset mini",
    signal.SIGSEGV: "a fault in native code; try another version of torch, or leave the arm's compiled parts out",
    signal.SIGBUS: "a fault in native code, often a full /dev/shm or disk; make room",
    signal.SIGABRT: "native code gave up; its message is in the output above",
    signal.SIGFPE: "native code gave up; its message is in the output above",
    signal.SIGTERM: "somebody ended it; resume with --retry-failed to run the trial again",
}


class ChildDiedError(Exception):
    """The child ended without an answer; the message says how, and what to do."""


class ChildTimeoutError(Exception):
    """The child gave no answer in time."""


class HaltedError(Exception):
    """Another thread has asked to break off what children are doing."""


class Child:
    """A fresh Python process with a trainer of its own; `factory` is "module:function", `arguments` are JSON.

    It inherits the environment, compile caches included, with what `environment` adds, and finds modules where this process does. What
    it prints goes to stderr. `halted`, once set, ends every wait for it. `busy` says that a trial was asked for and has not come yet.
    """

    def __init__(
        self,
        factory: str,
        arguments: Mapping[str, Any],
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        halted: threading.Event | None = None,
    ) -> None:
        its_commands, self._commands = os.pipe()
        self._answers, its_answers = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "ablate.engine.worker", str(its_commands), str(its_answers)],
                pass_fds=(its_commands, its_answers),
                stdin=subprocess.DEVNULL,
                stdout=2,
                env={**same_modules(), **environment},
            )
        except OSError as error:
            os.close(self._commands)
            os.close(self._answers)
            raise AblateError(f"Cannot start a child process: {error.strerror}.") from error
        finally:
            os.close(its_commands)
            os.close(its_answers)
        self._buffer = b""
        self._arrivals = select.poll()
        self._arrivals.register(self._answers, select.POLLIN)
        self._told = ToldTrials()
        self._halted = halted or threading.Event()
        self.busy = False
        self.host = socket.gethostname()
        with suppress(ChildDiedError):
            self.send({"kind": "make", "factory": factory, "arguments": dict(arguments)})

    @property
    def process_id(self) -> int:
        """The system's id of the process."""
        return self._process.pid

    def send(self, message: Mapping[str, Any]) -> None:
        """Give the child a command.

        Raises:
            ChildDiedError: it is gone.
        """
        line = json.dumps(message).encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._commands, line) :]
        except BrokenPipeError:
            raise ChildDiedError(self._obituary()) from None

    def receive(self, timeout_seconds: float | None = None) -> dict[str, Any]:
        """The child's next message.

        Raises:
            ChildDiedError: it is gone.
            ChildTimeoutError: it said nothing for so long.
            HaltedError: nobody waits for it any more.
        """
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        gone = False
        while True:
            line, found, rest = self._buffer.partition(b"\n")
            if found:
                self._buffer = rest
                message: dict[str, Any] = json.loads(line)
                return message
            if self._halted.is_set():
                raise HaltedError
            wait = _LOOK_SECONDS if deadline is None else min(_LOOK_SECONDS, deadline - time.monotonic())
            if wait <= 0:
                raise ChildTimeoutError
            readable = self._arrivals.poll(0 if gone else wait * 1000)
            arrived = os.read(self._answers, 1 << 16) if readable else b""
            # A process that the child started may hold the pipe open after the child's death, so the pipe's end is not enough.
            if not arrived and (readable or gone):
                raise ChildDiedError(self._obituary())
            gone = self._process.poll() is not None
            self._buffer += arrived

    def finished(self, message: Mapping[str, Any]) -> tuple[FinishedTrial, ...]:
        """The trials that a message holds, with the records they cite."""
        return self._told.read(message)

    def end(self) -> None:
        """Let an idle child end by itself, and wait for it."""
        with suppress(ChildDiedError):
            self.send({"kind": "stop"})
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._close()

    def kill(self) -> None:
        """End the child now, whatever it is doing, and wait for it."""
        self._process.kill()
        self._close()

    def _close(self) -> None:
        self._process.wait()
        for pipe in (self._commands, self._answers):
            if pipe >= 0:
                os.close(pipe)
        self._commands = self._answers = -1

    def _obituary(self) -> str:
        """How the child ended; called when it has, or is about to."""
        try:
            status = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        if status >= 0:
            return f"its process ended with exit status {status}; the reason is in the output above"
        try:
            number = signal.Signals(-status)
        except ValueError:
            return f"its process was killed by signal {-status}"
        remedy = _REMEDIES.get(number)
        return f"its process was killed by {number.name}" + (f": {remedy}" if remedy else "")
