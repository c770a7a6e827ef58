"""The results of a study, as data frames."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ablate.engine.runner import Summary
from ablate.export import Destination, Exported, export
from ablate.report.export import trials_table
from ablate.stats import effects, effects_frame, look_at
from ablate.stats.effects import LEVEL
from ablate.stats.evidence import Evidence
from ablate.store.run_folder import RunFolder


@dataclass(frozen=True, slots=True, repr=False)
class Results:
    """A run folder's trials and what they say; read from disk at each use."""

    folder: RunFolder
    summary: Summary | None = None

    def __repr__(self) -> str:
        return f"Results({str(self.folder.path)!r})"

    def _repr_html_(self) -> str:
        # Loaded where a notebook asks: matplotlib takes longer to load than all else.
        from ablate.report.notebook import results_html

        return results_html(Evidence.of(self.folder.resolved, self.folder.read_trials()), self.folder.path)

    @property
    def trials(self) -> pd.DataFrame:
        """One row a trial, the last record of each; the columns of `ablate.report.TRIAL_COLUMNS` and more, as `ablate report --trials`."""
        return trials_table(self.folder.resolved, self.folder.read_trials())

    @property
    def effects(self) -> pd.DataFrame:
        """One row a contrast, worded as what the feature does; the columns are the fields of `ablate.stats.Effect`.

        Of a study with looks they are at the level that holds now, `attrs["level"]`; see `ablate.stats.Look`.
        """
        resolved = self.folder.resolved
        study, trials = resolved.study, self.trials
        if study.looks:
            look = look_at(study, resolved.schedule, trials, score=resolved.score)
            table = effects_frame(look.effects)
            table.attrs[LEVEL] = look.level
            return table
        return effects(trials, study.contrasts, arms=study.arms, score=resolved.score)

    def export(
        self,
        to: str | Destination | Sequence[str | Destination],
        *,
        uri: str | Sequence[str] | None = None,
        project: str | None = None,
        upload: bool = False,
    ) -> tuple[Exported, ...]:
        """Keep the trials as runs of trackers, each of `ablate.export.KINDS` by name; see `ablate.export.export`."""
        return export(self.folder.path, to, uri=uri, project=project, upload=upload)


def open_results(path: str | Path) -> Results:
    """The results in a run folder.

    Raises:
        UsageError: there is no such run folder.
    """
    return Results(RunFolder.open(path))
