"""The results of a study, as data frames."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ablate.engine.runner import Summary
from ablate.report.export import trials_table
from ablate.stats import effects
from ablate.store.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Results:
    """A run folder's trials and what they say; read from disk at each use."""

    folder: RunFolder
    summary: Summary | None = None

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial, the last record of each; the columns of `ablate.report.TRIAL_COLUMNS` and more, as `ablate report --trials`."""
        return trials_table(self.folder.resolved, self.folder.read_trials())

    @property
    def effects(self) -> pd.DataFrame:
        """One row a contrast, worded as what the feature does; the columns are the fields of `ablate.stats.Effect`."""
        resolved = self.folder.resolved
        study = resolved.study
        return effects(self.trials, study.contrasts, arms=study.arms, score=resolved.score)


def open_results(path: str | Path) -> Results:
    """The results in a run folder.

    Raises:
        UsageError: there is no such run folder.
    """
    return Results(RunFolder.open(path))
