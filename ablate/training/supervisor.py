"""Runs programs for a trainer, one after another, and sees that nothing of them outlives its trial or that trainer.

A process of its own, so that it is there when its parent is killed: `python -I -S supervisor.py`. It takes requests as JSON lines on
stdin, answers on stdout, and ends when stdin does. Python's own modules only, and none of the package's: it starts in milliseconds.
"""

import ctypes
import json
import os
import selectors
import signal
import subprocess
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing typing takes as long as all the rest.
    from collections.abc import Callable
    from typing import Any

    Process = subprocess.Popen[bytes]

KEPT_BYTES = 64 * 1024
"""How much of a program's output is kept: its end."""
GRACE_SECONDS = 3.0
"""How long a program has after SIGTERM until SIGKILL."""

_SUBREAPER, _PARENT_DEATH = 36, 1
_LOOK_SECONDS = 0.02


class _Output:
    """The end of what a program prints, and how much there was."""

    def __init__(self) -> None:
        self._end, self.total = bytearray(), 0

    def take(self, arrived: bytes) -> None:
        self.total += len(arrived)
        self._end += arrived[-KEPT_BYTES:]
        if len(self._end) > 4 * KEPT_BYTES:
            del self._end[:-KEPT_BYTES]

    def text(self) -> str:
        return bytes(self._end[-KEPT_BYTES:]).decode(errors="replace")


class Supervisor:
    """One request at a time; whatever is left of a program is ended before the answer."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        if self._libc is not None:
            # Orphans of a program come here, also those that left its process group, and are ended with it.
            self._libc.prctl(_SUBREAPER, 1, 0, 0, 0)
        self._woken, wake = os.pipe()
        for end in (self._woken, wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        # Handlers, not SIG_IGN: what is ignored stays ignored in the program. This process ends when its parent does.
        for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self._inbox = b""
        self._parent_gone = False

    def serve(self) -> None:
        """Answer requests until the parent is gone."""
        while (request := self._request()) is not None:
            answer = self._run(**request)
            if self._parent_gone:
                return
            os.write(1, json.dumps(answer).encode() + b"\n")

    def _request(self) -> "dict[str, Any] | None":
        while b"\n" not in self._inbox:
            arrived = os.read(0, 1 << 16)
            if not arrived:
                return None
            self._inbox += arrived
        line, _, self._inbox = self._inbox.partition(b"\n")
        return json.loads(line)

    def _run(
        self,
        command: list[str],
        folder: str,
        environment: dict[str, str],
        keep: str | None,
        limit: float | None,
        grace: float,
    ) -> "dict[str, Any]":
        """Run a program to its end, its time limit or the parent's end."""
        output, reader, writer = _Output(), *os.pipe()
        os.set_blocking(reader, False)
        began = time.perf_counter()
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                start_new_session=True,
                preexec_fn=self._die_with_me,
            )
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            os.close(reader)
            return {"cannot_start": getattr(error, "strerror", None) or str(error)}
        finally:
            os.close(writer)
        late = self._wait(process, reader, output, None if limit is None else began + limit)
        seconds = time.perf_counter() - began
        self._end_all(process, reader, output, grace)
        self._drain(reader, output)
        os.close(reader)
        self._keep(keep, output)
        return {
            "status": process.returncode,
            "late": late,
            "seconds": seconds,
            "output": output.text(),
            "bytes": output.total,
        }

    def _die_with_me(self) -> None:
        if self._libc is not None:
            self._libc.prctl(_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)

    def _wait(self, process: "Process", reader: int, output: _Output, deadline: float | None) -> bool:
        """Until the program ends (False), is late (True), or the parent is gone."""
        with selectors.DefaultSelector() as selector:
            for end in (0, reader, self._woken):
                selector.register(end, selectors.EVENT_READ)
            while process.poll() is None:
                left = None if deadline is None else deadline - time.perf_counter()
                if left is not None and left <= 0:
                    return True
                for key, _ in selector.select(left):
                    if key.fd == self._woken:
                        os.read(self._woken, 1 << 10)
                    elif key.fd == 0:
                        arrived = os.read(0, 1 << 16)
                        self._inbox += arrived
                        if not arrived:
                            self._parent_gone = True
                            return False
                    elif not self._read(reader, output):
                        selector.unregister(reader)
        return False

    @staticmethod
    def _read(reader: int, output: _Output) -> bool:
        """Take what has arrived; False at the end of the output."""
        try:
            arrived = os.read(reader, 1 << 20)
        except BlockingIOError:
            return True
        output.take(arrived)
        return bool(arrived)

    def _drain(self, reader: int, output: _Output) -> None:
        """What a program has written before its end: as much as a pipe holds."""
        for _ in range(64):
            before = output.total
            if not self._read(reader, output) or output.total == before:
                return

    def _end_all(self, process: "Process", reader: int, output: _Output, grace: float) -> None:
        """End the program and all that it has started: SIGTERM, and after a grace SIGKILL until nothing is left."""
        asked, deadline = False, time.perf_counter() + grace
        while remaining := self._remaining(process):
            harder = time.perf_counter() > deadline
            if harder or not asked:
                for one in remaining:
                    _signal(os.kill, one, signal.SIGKILL if harder else signal.SIGTERM)
                _signal(os.killpg, process.pid, signal.SIGKILL if harder else signal.SIGTERM)
                asked = True
            time.sleep(_LOOK_SECONDS)
            # A program that says something at its end must not wait for a reader.
            self._read(reader, output)

    def _remaining(self, process: "Process") -> list[int]:
        """The process ids of the program and all that it has started, those that have ended aside."""
        alive = [process.pid] if process.poll() is None else []
        if process.returncode is not None:
            self._reap()
        if not os.path.isdir("/proc/self"):
            return alive or ([process.pid] if _signal(os.killpg, process.pid, 0) else [])
        if process.returncode is not None and not self._has_children():
            return []
        children: dict[int, list[int]] = {}
        for name in os.listdir("/proc"):
            if name.isdigit() and (stat := _stat(name)) is not None and stat[0] not in "ZX":
                children.setdefault(stat[1], []).append(int(name))
        found, new = [], children.get(os.getpid(), [])
        while new:
            found += new
            new = [child for parent in new for child in children.get(parent, [])]
        return found

    @staticmethod
    def _reap() -> None:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass

    @staticmethod
    def _has_children() -> bool:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return False
        return True

    @staticmethod
    def _keep(path: str | None, output: _Output) -> None:
        """Write the end of the output where it is kept; a disk that is full does not fail a trial."""
        if path is None:
            return
        lost = output.total - KEPT_BYTES
        head = f"[the first {lost} bytes are not kept]\n" if lost > 0 else ""
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(head + output.text())
        except OSError:
            pass


def _signal(send: "Callable[[int, int], None]", number: int, what: int) -> bool:
    """Whether the signal could be sent."""
    try:
        send(number, what)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _stat(name: str) -> tuple[str, int] | None:
    """The state and the parent of a process; None where it has gone."""
    try:
        with open(f"/proc/{name}/stat", "rb") as file:
            words = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return words[0].decode(), int(words[1])


if __name__ == "__main__":
    Supervisor().serve()
