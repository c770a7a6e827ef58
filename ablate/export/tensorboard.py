"""TensorBoard: a folder of events for each trial, with what was set and what came out as hyperparameters."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
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
            from tensorboardX.proto.event_pb2 import Event

        self._event: Any = Event
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
        texts: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        draft = path.with_name(_DRAFT)
        made = self._tensorboard.summary
        outcomes = {name: value for name, value, _ in scalars}
        events = [(summary, 0) for summary in (made.hparams(params, outcomes) if params else ())]
        events += [(made.scalar(name, value), step) for name, value, step in scalars]
        events += [(made.text(name, text), 0) for name, text in texts.items()]
        try:
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            # Not its SummaryWriter, whose thread keeps to itself that a disk is full.
            writer = self._tensorboard.event_file_writer.EventsWriter(str(draft / "events"))
            for summary, step in events:
                event = self._event(wall_time=time.time() if moment is None else moment, step=step, summary=summary)
                writer.write_event(event)
            writer.close()
            draft.rename(path)
        except OSError as error:
            shutil.rmtree(draft, ignore_errors=True)
            raise AblateError(f"cannot write {path}: {error.strerror}") from error
