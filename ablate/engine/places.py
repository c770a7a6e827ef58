"""Places: where a seat's workers start, and what a lot needs of a worker. Free of torch."""

import os
import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Protocol

from ablate.engine.child import Child, ChildDiedError
from ablate.errors import AblateError
from ablate.machine import nvidia
from ablate.store.records import FinishedTrial


class NeverRanError(ChildDiedError):
    """A worker was lost before it was asked for its first trial, so no arm is to blame; the message says how."""


class SeatLostError(AblateError):
    """A seat is given up: its place starts no workers any more, or none that may train in this study."""

    def __init__(self, message: str, *, exit_code: int = AblateError.exit_code) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class Worker(Protocol):
    """A process with a trainer of its own, here or elsewhere; the messages are those of `ablate.engine.worker`."""

    @property
    def process_id(self) -> int:
        """The id of the process, on the machine it runs on."""

    @property
    def host(self) -> str:
        """The name of the machine it runs on."""

    busy: bool
    """Whether a trial was asked for and has not come yet."""

    def send(self, message: Mapping[str, Any]) -> None:
        """Give it a command.

        Raises:
            ChildDiedError: it is gone; NeverRanError where that was before its first command.
        """

    def receive(self, timeout_seconds: float | None = None) -> dict[str, Any]:
        """Its next message.

        Raises:
            ChildDiedError: it is gone; NeverRanError where that was before its first command.
            ChildTimeoutError: it said nothing for so long.
            HaltedError: nobody waits for it any more.
        """

    def finished(self, message: Mapping[str, Any]) -> tuple[FinishedTrial, ...]:
        """The trials that a message holds, with the records they cite."""

    def end(self) -> None:
        """Let it end by itself while it is idle, and wait for it."""

    def kill(self) -> None:
        """End it now, whatever it is doing, or disown it where that is out of reach: nothing it still says is taken."""


class Place(Protocol):
    """Where one seat's workers start, one at a time: a share of the cores, a GPU, a command, an actor of a cluster."""

    @property
    def name(self) -> str:
        """What it is called in messages: "local", "gpu:1", "command:ssh box", "ray:auto"."""

    def start(self, factory: str, arguments: Mapping[str, Any], halted: threading.Event) -> Worker:
        """Start a worker whose trainer `factory` ("module:function") makes from `arguments`, which are JSON.

        Its first message is "ready" or "refused". `halted`, once set, ends every wait for it.

        Raises:
            NeverRanError: it cannot be started now.
            AblateError: it can never be started.
        """


class LocalPlace:
    """Children of this process, one at a time, with what `environment` adds to theirs; `hello`: they say what they run on."""

    def __init__(
        self, environment: Mapping[str, str] = MappingProxyType({}), *, name: str = "local", hello: bool = False
    ) -> None:
        self.name = name
        self._environment, self._hello = environment, hello

    def start(self, factory: str, arguments: Mapping[str, Any], halted: threading.Event) -> Worker:
        """See `Place`."""
        return Child(factory, arguments, environment=self._environment, halted=halted, hello=self._hello)


def gpu_place(index: int) -> LocalPlace:
    """The place of GPU `index` of this machine, as nvidia-smi counts those that this process may use: its children see no other."""
    return LocalPlace(
        {"CUDA_VISIBLE_DEVICES": visible_gpus()[index], "CUDA_DEVICE_ORDER": "PCI_BUS_ID"},
        name=f"gpu:{index}",
        hello=True,
    )


def visible_gpus() -> list[str]:
    """How CUDA is told each of the GPUs that this process may use: in the order of CUDA_VISIBLE_DEVICES where it is set."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    if given is not None:
        return [gpu.strip() for gpu in given.split(",") if gpu.strip()]
    return [str(place) for place in range(len(nvidia.gpu_names()))]
