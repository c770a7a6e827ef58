"""SIGINT and SIGTERM while a study runs: never in the middle of a write. Free of torch."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


@contextmanager
def interrupts_kept_from_children() -> Iterator[None]:
    """While entered, a process that this thread starts gets no SIGINT before it calls `take_no_interrupts`.

    Ctrl-C in a terminal goes to every process in it, also to one that still imports and could only end with a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def take_no_interrupts() -> None:
    """Ignore SIGINT from now on, those that came before included: the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class StopRequestedError(KeyboardInterrupt):
    """Somebody asked the study to stop; a KeyboardInterrupt, so that code which catches Exception lets it pass."""


class StopSignals:
    """While entered, SIGINT and SIGTERM raise StopRequestedError in the main thread, but not inside `held`.

    A second signal does what it did before. Signals that were ignored (nohup) stay ignored; outside the main thread nothing changes.
    """

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._held = False
        self._pending = False

    def __enter__(self) -> "StopSignals":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) not in (signal.SIG_IGN, None):
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        self._restore()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let what runs inside finish; a signal that came meanwhile is raised afterwards."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._stop()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
        else:
            self._stop()

    def _stop(self) -> None:
        self._pending = False
        self._restore()
        raise StopRequestedError

    def _restore(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
