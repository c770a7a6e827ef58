"""The cluster's side of a worker on Ray: the actor that answers what a driver asks, and its lease. Free of torch and of ray."""

import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ablate.engine import parcels
from ablate.engine.worker import CUT_OFF_STATUS, WANTED, Service, refusal
from ablate.errors import AblateError


class RayTrainer:
    """A worker's answers, one call a command; a call of `renew` shows a sign of life to an idle one.

    Left alone for `lease_seconds` with nothing to do it ends its process: whoever asked it may be gone or cut off, and would not see
    what it still holds. What it is doing is done first, so that a cut-off worker trains one trial at most that nobody hears of.
    """

    def __init__(self, lease_seconds: float) -> None:
        # Ray would print a trainer's output where the driver prints its results.
        os.dup2(2, 1)
        self._service = Service()
        self._lease = Lease(lease_seconds)

    def introduce(self) -> dict[str, Any]:
        """Who answers here: the process's id and the name of its machine."""
        return {"process_id": os.getpid(), "host": socket.gethostname()}

    def renew(self) -> None:
        """Begin the lease anew."""
        self._lease.begin()

    def answer(self, command: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """See `Service.answer`. An order whose run folder is not here is answered with what is wanted of it, and comes again with that."""
        with self._lease:
            try:
                arguments = _unpacked(command)
            except _WantedError as wanted:
                yield {"kind": WANTED, "names": wanted.names}
            except AblateError as error:
                yield refusal(error)
            else:
                yield from self._service.answer({**command, **arguments})


class _WantedError(Exception):
    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(*names)
        self.names = list(names)


def _unpacked(command: Mapping[str, Any]) -> dict[str, Any]:
    """What a command's arguments are on this machine."""
    if "parcel" not in command:
        return {}

    def fetch(names: Sequence[str]) -> Mapping[str, str]:
        if "files" not in command:
            raise _WantedError(names)
        files: Mapping[str, str] = command["files"]
        return files

    return {"arguments": parcels.unpack(command["parcel"], command["arguments"], fetch)}


class Lease:
    """Ends this process when it has been idle for `seconds`; as a context manager it says that there is something to do."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._busy = False
        self._begun = time.monotonic()
        threading.Thread(target=self._watch, daemon=True).start()

    def begin(self) -> None:
        """Begin anew."""
        self._begun = time.monotonic()

    def __enter__(self) -> None:
        self._busy = True

    def __exit__(self, *_: object) -> None:
        self.begin()
        self._busy = False

    def _watch(self) -> None:
        while self._busy or time.monotonic() - self._begun < self._seconds:
            time.sleep(min(1.0, self._seconds / 4))
        os._exit(CUT_OFF_STATUS)
