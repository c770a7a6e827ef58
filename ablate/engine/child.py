"""The parent's side of a child process: starting it, talking to it, and telling what killed it. Free of torch."""

import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from ablate.engine.interruption import interrupts_kept_from_children
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


class PipedWorker:
    """A process that speaks JSON lines over two pipes; `commands` and `answers` are this side's file descriptors of them.

    `halted`, once set, ends every wait for it. `busy` says that a trial was asked for and has not come yet.
    """

    patience_seconds: float | None = None
    """How long it may keep silent once it has spoken, and its pipe may be full; None: for ever."""

    first_word_seconds: float | None = None
    """How long it may take until it speaks; None: for ever."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", commands: int, answers: int, halted: threading.Event | None
    ) -> None:
        self._process, self._commands, self._answers = process, commands, answers
        self._buffer = b""
        self._arrivals = select.poll()
        self._arrivals.register(answers, select.POLLIN)
        self._told = ToldTrials()
        self._halted = halted or threading.Event()
        self._spoke, self._heard = False, time.monotonic()
        self._sending = threading.Lock()
        self.busy = False
        self.host = socket.gethostname()

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
        with self._sending:
            try:
                while line:
                    line = line[self._write(line) :]
                return
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EBADF):
                    raise
        raise self._death(self._obituary())

    def _write(self, line: bytes) -> int:
        """Hand over what there is room for, and say how much that was."""
        try:
            return os.write(self._commands, line)
        except BlockingIOError:
            room = select.poll()
            room.register(self._commands, select.POLLOUT)
            wait = None if self.patience_seconds is None else self.patience_seconds * 1000
            if not room.poll(wait):
                raise self._death(f"it has taken nothing for {self.patience_seconds:g} s") from None
            return 0

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
                message = self._message(line)
                if message is not None:
                    return message
                continue
            if self._halted.is_set():
                raise HaltedError
            wait = _LOOK_SECONDS if deadline is None else min(_LOOK_SECONDS, deadline - time.monotonic())
            if wait <= 0:
                raise self._lateness()
            readable = self._arrivals.poll(0 if gone else wait * 1000)
            arrived = os.read(self._answers, 1 << 16) if readable else b""
            # A process that the child started may hold the pipe open after the child's death, so the pipe's end is not enough.
            if not arrived and (readable or gone):
                raise self._death(self._obituary())
            gone = self._process.poll() is not None
            self._buffer += arrived
            self._check_silence(bool(arrived))

    def _check_silence(self, spoke: bool) -> None:
        now = time.monotonic()
        if spoke:
            self._spoke, self._heard = True, now
        limit = self.patience_seconds if self._spoke else self.first_word_seconds
        if limit is not None and now - self._heard > limit:
            raise self._death(f"nothing was heard of it for {limit:g} s")

    def _message(self, line: bytes) -> dict[str, Any] | None:
        """What a line says to whoever waits; None: nothing."""
        message: dict[str, Any] = json.loads(line)
        return message

    def _death(self, how: str) -> ChildDiedError:
        return ChildDiedError(how)

    def _lateness(self) -> Exception:
        return ChildTimeoutError()

    def finished(self, message: Mapping[str, Any]) -> tuple[FinishedTrial, ...]:
        """The trials that a message holds, with the records they cite."""
        return self._told.read(message)

    def end(self) -> None:
        """Let an idle child end by itself, and wait for it."""
        with suppress(ChildDiedError):
            self.send({"kind": "stop"})
        # What stands between, as a shell's pipeline does, ends with its input.
        with self._sending:
            os.close(self._commands)
            self._commands = -1
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._stop_process()
        self._close()

    def kill(self) -> None:
        """End the child now, whatever it is doing, and wait for it."""
        self._stop_process()
        self._close()

    def _stop_process(self) -> None:
        self._process.kill()

    def _close(self) -> None:
        self._process.wait()
        with self._sending:
            for pipe in (self._commands, self._answers):
                if pipe >= 0:
                    os.close(pipe)
            self._commands = self._answers = -1

    def _obituary(self) -> str:
        """How the child ended; called when it has, or is about to."""
        try:
            status = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._stop_process()
            status = self._process.wait()
        if status >= 0:
            return f"its process ended with exit status {status}; the reason is in the output above"
        try:
            number = signal.Signals(-status)
        except ValueError:
            return f"its process was killed by signal {-status}"
        remedy = _REMEDIES.get(number)
        return f"its process was killed by {number.name}" + (f": {remedy}" if remedy else "")


def piped(
    start: "Callable[[int, int], subprocess.Popen[bytes]]", what: str
) -> "tuple[subprocess.Popen[bytes], int, int]":
    """A process that `start` starts with its ends of two pipes, commands and answers; and this side's ends of them.

    Raises:
        AblateError: it cannot be started; the message calls it `what`.
    """
    its_commands, commands = os.pipe()
    answers, its_answers = os.pipe()
    try:
        return start(its_commands, its_answers), commands, answers
    except OSError as error:
        os.close(commands)
        os.close(answers)
        raise AblateError(f"Cannot start {what}: {error.strerror}.") from error
    finally:
        os.close(its_commands)
        os.close(its_answers)


class Child(PipedWorker):
    """A fresh Python process with a trainer of its own; `factory` is "module:function", `arguments` are JSON.

    It inherits the environment, compile caches included, with what `environment` adds, and finds modules where this process does. What
    it prints goes to stderr. `halted`, once set, ends every wait for it. `hello`: with its first word it is to say what it runs on.
    """

    def __init__(
        self,
        factory: str,
        arguments: Mapping[str, Any],
        *,
        environment: Mapping[str, str] = MappingProxyType({}),
        halted: threading.Event | None = None,
        hello: bool = False,
    ) -> None:
        def start(its_commands: int, its_answers: int) -> "subprocess.Popen[bytes]":
            with interrupts_kept_from_children():
                return subprocess.Popen(
                    [sys.executable, "-P", "-m", "ablate.engine.worker", str(its_commands), str(its_answers)],
                    pass_fds=(its_commands, its_answers),
                    stdin=subprocess.DEVNULL,
                    stdout=2,
                    env={**same_modules(), **environment},
                )

        super().__init__(*piped(start, "a child process"), halted)
        order = {"kind": "make", "factory": factory, "arguments": dict(arguments)}
        with suppress(ChildDiedError):
            self.send({**order, "hello": True} if hello else order)
