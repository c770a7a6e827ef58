"""TensorBoard: a folder of events for each trial, with what was set and what came out as hyperparameters."""

import shutil
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.export.destinations import Destination
from ablate.export.exported import CURVE, SUMMARY, ExportedStudy, ExportedTrial, path_name
from ablate.export.tracker import quiet
from ablate.store.run_folder import RunFolder

_DRAFT = ".draft"


def open_tracker(destination: Destination, folder: RunFolder, identifier: str, seconds: float | None) -> "EventFolders":
    """The folder of the study's runs."""
    return EventFolders(destination.place_in(folder) / path_name(destination.project_of(folder)))


class EventFolders:
    """Runs as folders: ARM/BLOCK-IDENTIFIER. A folder is there when all of its events are."""

    def __init__(self, folder: Path) -> None:
        with quiet():
            import tensorboardX

        self._tensorboard: Any = tensorboardX
        self._folder = folder
        self.place = str(folder)

    def known(self) -> frozenset[str]:
        """The identifiers in the folders' names."""
        return frozenset(path.name.rpartition("-")[2] for path in self._folder.glob("*/*-*") if path.is_dir())

    def trial(self, trial: ExportedTrial) -> None:
        """Scalars at the trial's end, and the curve by epoch."""
        self._write(
            self._folder / path_name(trial.arm) / f"block_{trial.block}-{trial.id}",
            params=dict(trial.params),
            scalars=[
                *((name, value, 0) for name, value in trial.metrics.items()),
                *((CURVE, value, epoch) for epoch, value in enumerate(trial.curve, 1)),
            ],
            moment=trial.ended_ms / 1000,
        )

    def summary(self, study: ExportedStudy) -> None:
        """Scalars of the effects, and the report as a text; TensorBoard shows no other files."""
        folder = self._folder / SUMMARY
        earlier = list(folder.glob(f"{study.run}-*"))
        scalars = [(name, value, study.num_trials) for name, value in study.metrics.items()]
        self._write(
            folder / f"{study.run}-{study.id}",
            params={},
            scalars=scalars,
            moment=None,
            texts={"report": study.files["report.md"]},
        )
        for path in earlier:
            shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Nothing is held open between runs."""

    def _write(
        self,
        path: Path,
        *,
        params: dict[str, Any],
        scalars: list[tuple[str, float, int]],
        moment: float | None,
        texts: dict[str, str] | None = None,
    ) -> None:
        draft = path.with_name(_DRAFT)
        try:
            draft.parent.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(draft, ignore_errors=True)
            with quiet(), self._tensorboard.SummaryWriter(logdir=str(draft)) as writer:
                if params:
                    outcomes = {name: value for name, value, _ in scalars}
                    for summary in self._tensorboard.summary.hparams(params, outcomes):
                        writer.file_writer.add_summary(summary)
                for name, value, step in scalars:
                    writer.add_scalar(name, value, step, walltime=moment)
                for name, text in (texts or {}).items():
                    writer.add_text(name, text)
            draft.rename(path)
        except OSError as error:
            raise AblateError(f"cannot write {path}: {error.strerror}") from error
