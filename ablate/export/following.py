"""Export while a study runs: each trial when it is stored, between two trainings, and at no cost to any of them."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from ablate.export.destinations import Destination
from ablate.export.exported import exported_trial, folder_id, reference_arm
from ablate.export.exporting import add_missing, said
from ablate.export.tracker import Tracker
from ablate.stats.wording import counted
from ablate.store.records import RecipeRecord, Trial
from ablate.store.run_folder import RunFolder
from ablate.store.trials import TrialStore

Say: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many seconds a study waits for a tracker; one that takes longer is followed no further.

    `before` the first trial, while its packages load; `between` two trials; `after` the last, while figures are drawn and files sent.
    """

    before: float = 60.0
    between: float = 10.0
    after: float = 120.0


PATIENCE = Patience()
"""What a study has."""


class Following:
    """Trackers that follow a study; use as a context manager around it, and hand each stored trial to `take`.

    The study waits while its trackers take a trial, as long as its patience is: in one process with the training a tracker that
    went on in the background would take time from what is timed. Each has a thread of its own all the same, since a call to a server
    cannot be broken off. A tracker that fails or does not answer is given up with one warning, which names the command that
    exports what it lacks. Trials wait for the first one of the reference arm, which their parameters are told apart from.

    At the end of a study that was not broken off, the trackers get what they lack of earlier sittings, and the summary.
    """

    def __init__(
        self,
        destinations: Sequence[Destination],
        folder: RunFolder,
        store: TrialStore,
        say: Say,
        *,
        patience: Patience | None = None,
    ) -> None:
        self._folder, self._store = folder, store
        self._patience = PATIENCE if patience is None else patience
        self._followers = [_Follower(destination, folder, say) for destination in destinations]
        self._identifier = folder_id(folder) if destinations else ""
        self._reference_arm = reference_arm(folder.resolved)
        self._reference: RecipeRecord | None = None
        self._waiting: list[Trial] = []

    def __enter__(self) -> "Following":
        for follower in self._followers:
            follower.begin(self._patience.before, self._patience.between)
        if self._followers and self._store.statuses:
            for trial in self._store:
                self._learn(trial)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for follower in self._followers:
            if error is None:
                follower.finish(self._patience.after)
            follower.end(self._patience.between)

    def take(self, trial: Trial) -> None:
        """Hand a stored trial to the trackers."""
        if not any(follower.is_well for follower in self._followers):
            return
        self._learn(trial)
        self._waiting.append(trial)
        if self._reference is None:
            return
        resolved = self._folder.resolved
        told = [
            exported_trial(self._identifier, resolved, each, self._store, self._reference) for each in self._waiting
        ]
        self._waiting.clear()

        def tell(tracker: Tracker) -> None:
            for each in told:
                tracker.trial(each)

        for follower in self._followers:
            follower.do(tell, self._patience.between)

    def _learn(self, trial: Trial) -> None:
        if self._reference is None and trial.spec.arm == self._reference_arm:
            self._reference = self._store.recipes.get(trial.recipe)


class _Follower:
    """One tracker, its thread, and whether it is still followed."""

    def __init__(self, destination: Destination, folder: RunFolder, say: Say) -> None:
        self._destination, self._folder, self._say = destination, folder, say
        self._tracker: Tracker | None = None
        self._work: deque[_Work] = deque()
        self._there_is_work = threading.Condition()
        self._has = ""
        self.is_well = True

    def begin(self, seconds: float, for_a_server: float) -> None:
        """Open the tracker, in so many seconds, of which a server has some."""

        def opened(_: Tracker | None) -> None:
            self._tracker = self._destination.open(self._folder, seconds=for_a_server)

        # A daemon: a server that never answers must not keep the command from ending.
        threading.Thread(target=self._serve, name=f"to {self._destination.kind}", daemon=True).start()
        self._await(opened, seconds)

    def do(self, work: "Callable[[Tracker], object]", seconds: float) -> None:
        """Have the tracker do something, and wait for it."""

        def done(tracker: Tracker | None) -> None:
            if tracker is not None:
                work(tracker)

        self._await(done, seconds)

    def finish(self, seconds: float) -> None:
        """Add what the tracker lacks, and the summary; say where all of it is."""

        def finished(tracker: Tracker) -> None:
            done = add_missing(tracker, self._destination, self._folder)
            self._has = f"{self._destination.title} has {counted(done.added + done.already, 'trial')}: {done.place}"

        self.do(finished, seconds)
        if self.is_well:
            self._say(self._has)

    def end(self, seconds: float) -> None:
        """Close the tracker, and let its thread end."""
        self.do(lambda tracker: tracker.close(), seconds)
        with self._there_is_work:
            self._work.append(_Work(None))
            self._there_is_work.notify()

    def _await(self, call: "Callable[[Tracker | None], None]", seconds: float) -> None:
        if not self.is_well:
            return
        work = _Work(call)
        with self._there_is_work:
            self._work.append(work)
            self._there_is_work.notify()
        if not work.over.wait(seconds):
            self._give_up(f"took longer than {seconds:g} s")
        elif work.error is not None:
            self._give_up(f"failed: {said(work.error)}")

    def _give_up(self, why: str) -> None:
        self.is_well = False
        self._say(
            f"{self._destination.title} {why}. The study goes on without it; what it lacks is added by: "
            f"{self._destination.command(self._folder)}"
        )

    def _serve(self) -> None:
        while True:
            with self._there_is_work:
                while not self._work:
                    self._there_is_work.wait()
                work = self._work.popleft()
            if work.call is None:
                return
            try:
                if self.is_well:
                    work.call(self._tracker)
            # Whatever a tracker raises, also where it would end the process.
            except BaseException as error:
                work.error = error
            work.over.set()


class _Work:
    """Something to be done in a follower's thread, None for its end."""

    def __init__(self, call: "Callable[[Tracker | None], None] | None") -> None:
        self.call = call
        self.error: BaseException | None = None
        self.over = threading.Event()
