"""trackio: a run a trial, in the folder where its dashboard looks, or on a server of one's own."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablate.errors import AblateError, UsageError
from ablate.export.destinations import Destination, is_address
from ablate.export.exported import ExportedStudy, Plain
from ablate.export.ledger import Ledger
from ablate.export.logged import FOLDER, ID, RUN, LoggedRuns
from ablate.export.tracker import environment, quiet
from ablate.formats.canonical import digest
from ablate.report.machine import effects_table
from ablate.store.run_folder import RunFolder

_FOLDER_VARIABLE = "TRACKIO_DIR"
_SERVERS = ("TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL")


def open_tracker(destination: Destination, folder: RunFolder, identifier: str, seconds: float | None) -> "TrackioRuns":
    """The study's project."""
    server = destination.uri if destination.uri is not None and is_address(destination.uri) else None
    if destination.upload:
        named = [os.environ[name] for name in _SERVERS if os.environ.get(name)]
        if not named:
            raise UsageError(
                f"--upload to trackio takes {' or '.join(_SERVERS)} in the environment, or instead of it --uri."
            )
        server = named[0]
    place = None if server is not None or destination.uri is None else destination.place_in(folder)
    with quiet(), environment({} if place is None else {_FOLDER_VARIABLE: str(place)}):
        import trackio
        from trackio.utils import TRACKIO_DIR
    if place is not None and Path(TRACKIO_DIR).absolute() != place:
        raise UsageError(
            f"trackio keeps its runs in {TRACKIO_DIR} as long as this process lives; take --uri {place} in a process of its own."
        )
    ledger = None
    if server is not None:
        sent_to = digest([server, destination.project_of(folder)])[:12]
        ledger = Ledger(Destination(kind=destination.kind).place_in(folder), sent_to)
    return TrackioRuns(
        trackio, destination, server, ledger, destination.project_of(folder), Path(TRACKIO_DIR), identifier
    )


class TrackioRuns(LoggedRuns):
    """A project of trackio. Of what it keeps here it is asked what is whole; of what was sent to a server, a file of the run folder."""

    def __init__(
        self,
        trackio: Any,
        destination: Destination,
        server: str | None,
        ledger: Ledger | None,
        project: str,
        kept_in: Path,
        folder: str,
    ) -> None:
        self._trackio, self._project, self._ledger, self._folder = trackio, project, ledger, folder
        self._server = server if not destination.upload else None
        # Without these it would send to a server that the environment names, though none was asked for.
        self._variables: dict[str, str | None] = {} if destination.upload else dict.fromkeys(_SERVERS)
        self.place = server or str(kept_in)

    def known(self) -> frozenset[str]:
        """The identifiers of the runs of this run folder."""
        if self._ledger is not None:
            return self._ledger.known()
        with quiet():
            return frozenset(str(run.config[ID]) for run in self._runs())

    def _runs(self) -> list[Any]:
        try:
            runs = list(self._trackio.Api().runs(self._project))
        except ValueError:
            # There is no such project yet.
            return []
        return [run for run in runs if (run.config or {}).get(FOLDER) == self._folder]

    def _begin(self, name: str, group: str, identifier: str, config: Mapping[str, Plain]) -> Any:
        if self._ledger is None and RUN in config:
            for run in self._runs():
                if run.config.get(RUN) == config[RUN]:
                    run.delete()
        with environment(self._variables):
            return self._trackio.init(
                project=self._project,
                name=name,
                group=group,
                config=dict(config),
                server_url=self._server,
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def _end(self, run: Any, *, failed: bool) -> None:
        # Not the run's own, which would be finished once more, and said to be, when the process ends.
        self._trackio.finish()

    def _tables(self, study: ExportedStudy) -> Mapping[str, Any]:
        return {"effects": self._trackio.Table(dataframe=effects_table(study.evidence).astype(str))}

    def _keep_files(self, run: Any, files: Mapping[str, str]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for path, text in files.items():
                kept = Path(folder) / path
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(text, encoding="utf-8")
            run.log_artifact(folder, name=f"report-{self._folder}", type="report")

    def _kept(self, identifier: str) -> None:
        if self._ledger is not None:
            self._ledger.add(identifier)
        # It says nothing of a disk that is full but by a warning.
        elif identifier not in self.known():
            raise AblateError(f"the run was not written to {self.place}")
