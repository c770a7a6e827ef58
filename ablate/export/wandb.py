"""Weights & Biases: a run a trial, offline beside the run folder unless a server is named or uploading is asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import UsageError
from ablate.export.destinations import Destination, is_address
from ablate.export.exported import ExportedStudy, Plain
from ablate.export.ledger import Ledger
from ablate.export.logged import LoggedRuns
from ablate.export.tracker import quiet
from ablate.formats.canonical import digest
from ablate.report.machine import effects_table
from ablate.store.run_folder import RunFolder


def open_tracker(destination: Destination, folder: RunFolder, identifier: str, seconds: float | None) -> "WandbRuns":
    """The study's project."""
    server = destination.uri if destination.uri is not None and is_address(destination.uri) else None
    place = destination.place_in(folder)
    if server is not None:
        place = Destination(kind=destination.kind).place_in(folder)
    place.mkdir(parents=True, exist_ok=True)
    return WandbRuns(place, destination.project_of(folder), server, destination.upload, seconds)


class WandbRuns(LoggedRuns):
    """A project of W&B. Its runs cannot be asked for offline, so a file beside them says what is whole.

    `wandb sync` sends offline runs later; one that is sent again takes its own place, since its identifier is the same.
    What is finished is not yet on disk: W&B's own process writes it, and has done so once it has ended.
    """

    def __init__(self, folder: Path, project: str, server: str | None, upload: bool, seconds: float | None) -> None:
        self._folder, self._project = folder, project
        self._is_online = upload or server is not None
        self.place = server or ("its server" if upload else str(folder))
        with quiet():
            import wandb

            self._wandb: Any = wandb
            if self._is_online and not wandb.login(host=server, timeout=None if seconds is None else 1):
                raise UsageError("Weights & Biases knows no key to upload with; log in first: wandb login")
        settings: dict[str, Any] = {} if server is None else {"base_url": server}
        if seconds is not None:
            settings["init_timeout"] = seconds
        # Nothing of this process belongs into a run: not its output, its code, its packages, nor the load of the machine.
        self._settings = wandb.Settings(
            console="off",
            disable_code=True,
            disable_git=True,
            reinit="create_new",
            silent=True,
            symlink=False,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
            **settings,
        )
        sent_to = digest([server, project])[:12] if self._is_online else f"offline-{digest(project)[:12]}"
        self._ledger = Ledger(folder, sent_to)
        self._finished: list[str] = []

    def known(self) -> frozenset[str]:
        """The identifiers in the file beside the runs, and of what was finished since."""
        return self._ledger.known() | frozenset(self._finished)

    def close(self) -> None:
        """Wait until all of it is written, then remember it; runs that somebody else has begun in this process go on."""
        with quiet():
            if self._wandb.setup().most_recent_active_run is None:
                self._wandb.teardown()
        while self._finished:
            self._ledger.add(self._finished.pop(0))

    def _begin(self, name: str, group: str, identifier: str, config: Mapping[str, Plain]) -> Any:
        return self._wandb.init(
            project=self._project,
            group=group,
            name=name,
            id=identifier,
            resume="allow",
            config=dict(config),
            mode="online" if self._is_online else "offline",
            dir=str(self._folder),
            settings=self._settings,
        )

    def _end(self, run: Any, *, failed: bool) -> None:
        run.finish(exit_code=int(failed))

    def _tables(self, study: ExportedStudy) -> Mapping[str, Any]:
        table = effects_table(study.evidence)
        rows = [[None if pd.isna(value) else value for value in row] for row in table.itertuples(index=False)]
        figures = {
            path.removesuffix(".svg"): self._wandb.Html(svg, inject=False)
            for path, svg in study.files.items()
            if path.endswith(".svg")
        }
        return {"effects": self._wandb.Table(columns=list(table.columns), data=rows, allow_mixed_types=True), **figures}

    def _keep_files(self, run: Any, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            kept = Path(run.dir) / path
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text, encoding="utf-8")
            run.save(str(kept), base_path=run.dir, policy="end")

    def _kept(self, identifier: str) -> None:
        self._finished.append(identifier)
