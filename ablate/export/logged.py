"""What Weights & Biases and trackio share: a run is begun with its settings, logs numbers by step, and is finished."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from ablate.export.exported import CURVE, SUMMARY, ExportedStudy, ExportedTrial, Plain
from ablate.export.tracker import quiet

ID, FOLDER, RUN = "ablate_id", "ablate_folder", "ablate_run"
"""Settings of a run that say what it is: the trial or the state of the study, the run folder, and the study's run."""


class LoggedRuns(ABC):
    """A project of runs."""

    def trial(self, trial: ExportedTrial) -> None:
        """A run in its arm's group: the curve by epoch, and the measurements at its last."""
        with quiet():
            config = {**trial.params, ID: trial.id, FOLDER: trial.folder}
            run = self._begin(trial.name, trial.arm, trial.id, config)
            is_ok = False
            try:
                for epoch, value in enumerate(trial.curve[:-1], 1):
                    run.log({CURVE: value}, step=epoch)
                last = {CURVE: trial.curve[-1]} if trial.curve else {}
                run.log({**trial.metrics, **last}, step=len(trial.curve))
                is_ok = trial.status == "ok"
            finally:
                self._end(run, failed=not is_ok)
            self._kept(trial.id)

    def summary(self, study: ExportedStudy) -> None:
        """The study's run: the effects as numbers and as a table, the report and its figures as files."""
        with quiet():
            config = {**study.params, ID: study.id, FOLDER: study.folder, RUN: study.run}
            run = self._begin(SUMMARY, SUMMARY, study.run, config)
            is_whole = False
            try:
                run.log({**study.metrics, **self._tables(study)}, step=study.num_trials)
                self._keep_files(run, study.files)
                is_whole = True
            finally:
                self._end(run, failed=not is_whole)
            self._kept(study.id)

    def close(self) -> None:
        """Nothing is held open between runs."""
        return

    @abstractmethod
    def known(self) -> frozenset[str]:
        """The identifiers of what is whole there already."""

    @abstractmethod
    def _begin(self, name: str, group: str, identifier: str, config: Mapping[str, Plain]) -> Any:
        """A run that has begun; of the study's, in the place of an earlier one."""

    @abstractmethod
    def _end(self, run: Any, *, failed: bool) -> None:
        """Finish a run; on return all of it is kept."""

    @abstractmethod
    def _tables(self, study: ExportedStudy) -> Mapping[str, Any]:
        """What is shown beside numbers."""

    @abstractmethod
    def _keep_files(self, run: Any, files: Mapping[str, str]) -> None:
        """Put files into a run, by path."""

    @abstractmethod
    def _kept(self, identifier: str) -> None:
        """Remember that something is whole.

        Raises:
            Exception: it is not.
        """
