"""Seats: lots run side by side, a thread each, while one thread alone takes what comes of them. Free of torch."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from types import TracebackType
from typing import TypeAlias

from ablate.engine.events import ProcessDied
from ablate.engine.places import SeatLostError
from ablate.engine.rounds import FinishedRound, Happening
from ablate.store.records import FinishedTrial
from ablate.study.schedule import TrialSpec

Specs: TypeAlias = tuple[TrialSpec, ...]


def lots(specs: Iterable[TrialSpec]) -> Iterator[Specs]:
    """Trials by the process they are planned in."""
    return (tuple(lot) for _, lot in groupby(specs, key=lambda spec: spec.process))


def runs_alone(lot: Sequence[TrialSpec], parallel: int, *, apart: bool = False) -> bool:
    """Whether nothing may run beside the lot: where nothing runs side by side at all, or it measures the time alone on hardware that
    seats share, which they do unless they are `apart`.
    """
    return parallel == 1 or (not apart and any(spec.measures == "time" for spec in lot))


class Seats:
    """Threads that each take a lot, run it to its end and take the next; what happens is handed over by `take`, in the caller's thread.

    `next_lot` starts a lot in a seat (None: there is none left) and `lost` is told of a seat that was given up, before another lot is
    begun; both are called in that thread too. `halt` breaks off what all lots are doing, from any thread. `numbers` are the seats'. As a
    context manager it leaves no thread behind.
    """

    def __init__(
        self,
        numbers: Iterable[int],
        next_lot: Callable[[int], Iterator[Happening] | None],
        halt: Callable[[], None],
        lost: Callable[[int, SeatLostError], None],
    ) -> None:
        self._next_lot, self._halt, self._lost, self._halted = next_lot, halt, lost, False
        self._error: BaseException | None = None
        self._inbox: queue.SimpleQueue[tuple[Seat, Happening | _LotEnded]] = queue.SimpleQueue()
        self._seats = [Seat(number, self._inbox) for number in numbers]
        self._idle, self._unstarted, self._occupied = list(self._seats), list(self._seats), 0
        self._fill()

    def __enter__(self) -> "Seats":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.occupied:
            self.halt()
        for seat in self._seats:
            seat.dismiss()

    @property
    def occupied(self) -> bool:
        """Whether lots are still running, or one has an error to raise."""
        return self._occupied > 0 or self._error is not None

    def take(self, timeout_seconds: float, *, most: int = 1) -> "list[tuple[Seat, Happening]]":
        """What happens next, and where: a seat whose trial is taken waits to be told whether to go on. Up to `most`, of what has
        happened by then; nothing, if nothing did for so long.

        Raises:
            Exception: what went wrong in a lot, once the other seats have stopped and everything else was taken.
        """
        if not self._occupied and self._error is not None:
            error, self._error = self._error, None
            raise error
        # Begun here, where the caller is ready for signals, not on entering.
        self._unstarted = [seat for seat in self._unstarted if not seat.start()]
        taken: list[tuple[Seat, Happening]] = []
        try:
            for number in range(most):
                seat, happening = self._inbox.get(timeout=timeout_seconds) if not number else self._inbox.get_nowait()
                if isinstance(happening, _LotEnded):
                    self._end_lot(seat, happening)
                else:
                    taken.append((seat, happening))
                    # A signal that ended it may be for this process too, whose turn it is first.
                    if isinstance(happening, ProcessDied):
                        break
        except queue.Empty:
            pass
        return taken

    def _end_lot(self, seat: "Seat", ended: "_LotEnded") -> None:
        self._occupied -= 1
        if isinstance(ended.error, SeatLostError):
            self._lost(seat.number, ended.error)
        elif ended.error is not None:
            self._error = self._error or ended.error
            self.halt()
        else:
            self._idle.append(seat)
        self._fill()

    def add(self, number: int) -> None:
        """Let another seat take part."""
        seat = Seat(number, self._inbox)
        self._seats.append(seat)
        self._unstarted.append(seat)
        self._idle.append(seat)
        self._fill()

    def _fill(self) -> None:
        """Give every idle seat a lot, as far as there are any."""
        waiting, self._idle = self._idle, []
        for seat in waiting:
            lot = None if self._halted else self._next_lot(seat.number)
            if lot is None:
                self._idle.append(seat)
            else:
                self._occupied += 1
                seat.run(lot)

    def halt(self) -> None:
        """Break off what is in flight and begin nothing more; what had been finished before can still be taken."""
        if not self._halted:
            self._halted = True
            self._halt()


class _LotEnded:
    """A seat's last word on a lot: what went wrong, if anything did."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class Seat:
    """A thread that runs one lot at a time; `number` counts the seats."""

    def __init__(self, number: int, inbox: "queue.SimpleQueue[tuple[Seat, Happening | _LotEnded]]") -> None:
        self.number, self._inbox = number, inbox
        self._lots: queue.SimpleQueue[Iterator[Happening] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[bool] = queue.SimpleQueue()
        # A daemon: whoever presses Ctrl-C a second time does not want to wait for children to end.
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._has_lot = False

    def start(self) -> bool:
        """Begin with the first lot, if there is one; whether there was."""
        if self._has_lot:
            self._thread.start()
        return self._has_lot

    def run(self, lot: Iterator[Happening]) -> None:
        """Go on with a lot, after any other has ended."""
        self._has_lot = True
        self._lots.put(lot)

    def go_on(self, further: bool) -> None:
        """The trial that was taken is stored; run the lot `further`, or end it."""
        self._answers.put(further)

    def dismiss(self) -> None:
        """End the lot when its trial in flight is over, if there is one, and wait for the thread."""
        self._answers.put(False)
        self._lots.put(None)
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        while (lot := self._lots.get()) is not None:
            try:
                self._run(lot)
            except BaseException as error:
                self._inbox.put((self, _LotEnded(error)))
            else:
                self._inbox.put((self, _LotEnded()))

    def _run(self, lot: Iterator[Happening]) -> None:
        try:
            for happening in lot:
                self._inbox.put((self, happening))
                # The next trial is asked for only when this one is on disk.
                if isinstance(happening, FinishedTrial | FinishedRound) and not self._answers.get():
                    return
        finally:
            close = getattr(lot, "close", None)
            if close is not None:
                close()
