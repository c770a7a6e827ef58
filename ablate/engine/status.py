"""How a study stands, read from its run folder at any moment, also while another process runs it. Free of torch."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ablate.engine.looks import is_settled
from ablate.engine.pace import Pace
from ablate.engine.runner import pending_trials, summarise
from ablate.stats import arm_summary, trials_frame
from ablate.store.lock import holder_of
from ablate.store.run_folder import RunFolder
from ablate.store.trials import MemoryTrialStore


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStatus:
    """Counts of the schedule's trials, and what the finished ones say so far.

    `seconds_left` is None while nothing has finished. `arms` is `ablate.stats.arm_summary`, in the study's order. `slowest_arm` is
    the arm with the largest mean time, None while there is none. `writer` is the process id of who is running the study now, or
    None. `settled` says that a look has ended the study.
    """

    done: int
    failed: int
    left: int
    seconds_left: float | None
    arms: pd.DataFrame
    slowest_arm: str | None
    writer: int | None
    settled: bool

    @property
    def state(self) -> Literal["running", "finished", "settled", "stopped"]:
        """Whether somebody runs the study now, and if not, whether anything is left of it, or it stopped since all is settled."""
        if self.writer is not None:
            return "running"
        if self.settled:
            return "settled"
        return "stopped" if self.left else "finished"


def study_status(folder: RunFolder, store: MemoryTrialStore | None = None) -> StudyStatus:
    """The status of a run folder; `store` holds its trials where they have been read already.

    Raises:
        AblateError: a line of its trials cannot be read.
    """
    store = folder.read_trials() if store is None else store
    schedule = folder.resolved.schedule
    pending = pending_trials(schedule, store)
    summary = summarise(schedule, store)
    pace = Pace(parallel=folder.resolved.study.parallel)
    pace.learn(store)
    processes = {spec.process for spec in pending} - {trial.spec.process for trial in store}
    places = {arm.name: place for place, arm in enumerate(folder.resolved.study.arms)}
    arms = arm_summary(trials_frame(store)).sort_values("arm", key=lambda names: names.map(places), ignore_index=True)
    timed = arms.dropna(subset=["time_seconds_mean"]).sort_values("time_seconds_mean")
    return StudyStatus(
        done=summary.ok,
        failed=summary.failed + summary.timeout,
        left=summary.left,
        seconds_left=pace.seconds(pending, fresh_processes=processes) if summary.ok else None,
        arms=arms,
        slowest_arm=None if timed.empty else str(timed["arm"].iloc[-1]),
        writer=holder_of(folder.trials_path),
        settled=is_settled(folder.resolved, store),
    )
