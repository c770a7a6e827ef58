"""Whether a study with looks stops where it is, asked by the runner after each trial. Free of torch."""

from collections import Counter
from collections.abc import Callable

from ablate.engine.events import Event, LookTaken
from ablate.engine.runner import LookNow, Stop, no_look
from ablate.stats import Margins, look_at, trials_frame
from ablate.store.resolved import ResolvedStudy
from ablate.store.trials import TrialStore
from ablate.study.schedule import TrialKey, TrialSpec


def look_for(resolved: ResolvedStudy, store: TrialStore, tell: Callable[[Event], None]) -> LookNow:
    """What `run_study` asks after each trial; `tell` hears of each look taken. A study without looks is never stopped."""
    if not resolved.study.looks:
        return no_look
    return _Looks(resolved, store, tell)


def is_settled(resolved: ResolvedStudy, store: TrialStore) -> bool:
    """Whether a study stands at a look that has ended it: nothing more of it is run."""
    looks = _Looks(resolved, store, lambda event: None)
    return looks(store, None, lambda: None) == "settled"


def warning_before_going_on(resolved: ResolvedStudy, store: TrialStore) -> str:
    """What to know before a study with looks goes on from where it could have ended; "" where nothing is at stake.

    A look is planned; an end between looks has spent what was left, and a second one would spend it again.
    """
    study = resolved.study
    if not store.statuses:
        return ""
    look = look_at(study, resolved.schedule, trials_frame(store), score=resolved.score)
    if look.stage != "between" or not look.blocks:
        return ""
    return (
        f"This study stands between its looks, after {look.blocks} of {study.blocks} blocks. Its intervals stay valid as long as what it "
        "has shown so far is not why it goes on."
    )


class _Looks:
    """Counts finished blocks as trials come in, and looks where the study has a look."""

    def __init__(self, resolved: ResolvedStudy, store: TrialStore, tell: Callable[[Event], None]) -> None:
        self._resolved, self._tell = resolved, tell
        self._missing: Counter[int] = Counter()
        self._awaited: set[TrialKey] = set()
        blocks = set()
        recorded = store.statuses
        for spec in resolved.schedule:
            if spec.measures == "time":
                continue
            blocks.add(spec.block)
            if spec.key not in recorded:
                self._missing[spec.block] += 1
                self._awaited.add(spec.key)
        self._finished = len(blocks) - len(self._missing)

    def __call__(
        self, store: TrialStore, finished: TrialSpec | None, blocks_left: Callable[[], int | None]
    ) -> Stop | None:
        if finished is not None and not self._ends_a_block(finished):
            return None
        if self._finished not in self._resolved.study.looks:
            return None
        score = self._resolved.score
        look = look_at(self._resolved.study, self._resolved.schedule, trials_frame(store), score=score)
        if finished is not None or look.stage == "settled":
            self._tell(LookTaken(number=look.number, planned=look.planned, blocks=look.blocks, open=look.open))
        if look.stage == "settled":
            return "settled"
        # What an earlier sitting gave up is not given up anew before the time of this one has been used.
        left = None if finished is None else blocks_left()
        return "hopeless" if left is not None and look.hopeless(Margins(), score, left) else None

    def _ends_a_block(self, spec: TrialSpec) -> bool:
        if spec.key not in self._awaited:
            return False
        self._awaited.discard(spec.key)
        self._missing[spec.block] -= 1
        if self._missing[spec.block]:
            return False
        self._finished += 1
        return True
