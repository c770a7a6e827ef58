"""MLflow: a run a trial in the experiment of the study, in a database beside the run folder, a file of one's own, or a server."""

import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ablate.errors import UsageError
from ablate.export.destinations import Destination, is_address
from ablate.export.exported import CURVE, SUMMARY, ExportedStudy, ExportedTrial, Plain
from ablate.export.tracker import environment, quiet
from ablate.store.run_folder import RunFolder

DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"

_ID, _RUN, _FOLDER, _GROUP, _STATUS = "ablate.id", "ablate.run", "ablate.folder", "ablate.arm", "ablate.status"
_LONGEST_PARAM, _LONGEST_TAG = 6000, 5000
_MOST_AT_ONCE = {"params": 100, "metrics": 1000}
_PAGE = 1000
_SECONDS = 60.0
_ADDRESS = "MLFLOW_TRACKING_URI"


def open_tracker(destination: Destination, folder: RunFolder, identifier: str, seconds: float | None) -> "MlflowRuns":
    """The study's experiment, made where it is missing."""
    uri, artifacts = destination.uri, None
    if destination.upload:
        # Its own variable for where the server is; read here, since a client that is given no address takes a folder.
        uri = os.environ.get(_ADDRESS)
        if not uri:
            raise UsageError(f"--upload to MLflow takes {_ADDRESS} in the environment, or instead of it --uri.")
    elif uri is None or not is_address(uri):
        place = destination.place_in(folder)
        place.mkdir(parents=True, exist_ok=True)
        uri, artifacts = f"sqlite:///{place / DATABASE}", (place / ARTIFACTS).as_uri()
    elif uri.startswith("sqlite:///"):
        # MLflow's own default is a folder in whatever directory it is called in.
        artifacts = Path(uri.removeprefix("sqlite:///")).absolute().with_name(ARTIFACTS).as_uri()
    return MlflowRuns(uri, artifacts, destination.project_of(folder), identifier, seconds)


class MlflowRuns:
    """An experiment of MLflow; what identifies a run is a tag."""

    def __init__(self, uri: str, artifacts: str | None, project: str, folder: str, seconds: float | None) -> None:
        self.place = uri
        self._folder = folder
        self._settings = _impatient(_SECONDS if seconds is None else seconds)
        with quiet():
            # First, since loading it turns its lines on.
            from mlflow import MlflowClient
        with self._silent():
            self._client: Any = MlflowClient(tracking_uri=uri)
            experiment = self._client.get_experiment_by_name(project)
            if experiment is None:
                self._experiment = self._client.create_experiment(project, artifact_location=artifacts)
            else:
                if experiment.lifecycle_stage != "active":
                    raise UsageError(
                        f"The MLflow experiment '{project}' at {uri} is deleted; restore it, or give another name with --project."
                    )
                self._experiment = experiment.experiment_id
        self._begun: dict[str, str] = {}

    def known(self) -> frozenset[str]:
        """The identifiers of the runs that have ended; those that an export was killed in go on."""
        ended = set()
        with self._silent():
            for run in self._runs():
                identifier = run.data.tags.get(_ID, "")
                if run.info.status in ("FINISHED", "FAILED"):
                    ended.add(identifier)
                else:
                    self._begun[identifier] = run.info.run_id
        return frozenset(ended)

    def trial(self, trial: ExportedTrial) -> None:
        """A run that is over; a trial that failed is a run that FAILED."""
        tags = {_GROUP: trial.arm, _STATUS: trial.status, _ID: trial.id}
        tags |= {} if trial.error is None else {"mlflow.note.content": trial.error}
        metrics = [(name, value, 0) for name, value in trial.metrics.items()]
        metrics += [(CURVE, value, epoch) for epoch, value in enumerate(trial.curve, 1)]
        with self._silent():
            run = self._begun.get(trial.id) or self._begin(trial.name, trial.started_ms, tags)
            self._log(run, trial.params, metrics, trial.ended_ms)
            self._client.set_terminated(run, "FINISHED" if trial.status == "ok" else "FAILED", trial.ended_ms)

    def summary(self, study: ExportedStudy) -> None:
        """The study's run: metrics of the effects, their table and the report with its figures as artifacts.

        It stays one run; each state of the study is a step of its metrics, the number of trials.
        """
        with self._silent():
            found = [run for run in self._runs() if run.data.tags.get(_RUN) == study.run]
            tags = {_GROUP: SUMMARY, _RUN: study.run, "mlflow.note.content": study.question}
            run = found[0].info.run_id if found else self._begin(SUMMARY, None, tags)
            # Until all of it is there it is no state that is known.
            self._client.update_run(run, status="RUNNING")
            metrics = [(name, value, study.num_trials) for name, value in study.metrics.items()]
            said = found[0].data.params if found else {}
            self._log(
                run, {name: value for name, value in study.params.items() if _key(name) not in said}, metrics, None
            )
            for path, text in study.files.items():
                self._client.log_text(run, text, path)
            self._client.set_tag(run, _ID, study.id)
            self._client.set_terminated(run, "FINISHED")

    def close(self) -> None:
        """Nothing is held open."""

    def _begin(self, name: str, started_ms: int | None, tags: Mapping[str, str]) -> str:
        tags = {name: value[:_LONGEST_TAG] for name, value in {_FOLDER: self._folder, **tags}.items()}
        begun = self._client.create_run(self._experiment, start_time=started_ms, run_name=name, tags=tags)
        return str(begun.info.run_id)

    def _log(
        self, run: str, params: Mapping[str, Plain], metrics: list[tuple[str, float, int]], moment_ms: int | None
    ) -> None:
        from mlflow.entities import Metric, Param

        moment = _now_ms() if moment_ms is None else moment_ms
        told: dict[str, list[Any]] = {
            "params": [Param(_key(name), str(value)[:_LONGEST_PARAM]) for name, value in params.items()],
            "metrics": [Metric(_key(name), value, moment, step) for name, value, step in metrics],
        }
        for what, entries in told.items():
            for first in range(0, len(entries), _MOST_AT_ONCE[what]):
                self._client.log_batch(run, **{what: entries[first : first + _MOST_AT_ONCE[what]]})

    def _runs(self) -> Iterator[Any]:
        """The runs of this run folder, those that the user deleted left out."""
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], f"tags.`{_FOLDER}` = '{self._folder}'", max_results=_PAGE, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    @contextmanager
    def _silent(self) -> Iterator[None]:
        """Without the lines that MLflow and its database log, and with the patience that was asked for."""
        loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
        before = [logger.level for logger in loggers]
        with quiet(), environment(self._settings):
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            try:
                yield
            finally:
                for logger, level in zip(loggers, before, strict=True):
                    logger.setLevel(level)


def _impatient(seconds: float) -> dict[str, str | None]:
    """Otherwise a server that is not there is asked for minutes; whoever has said how long it may take is heeded."""
    wanted = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": str(max(1, round(seconds / 2)))}
    return {name: os.environ.get(name, value) for name, value in wanted.items()}


def _key(name: str) -> str:
    """A name in the letters that MLflow allows, which has a folder for each of its parts."""
    return re.sub(r"[^\w\-. :/]", "_", name).strip("/. ")[:250] or "_"


def _now_ms() -> int:
    return round(1000 * time.time())
