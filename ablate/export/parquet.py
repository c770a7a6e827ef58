"""Parquet: trials.parquet, curves.parquet and effects.parquet, for whatever reads tables."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import UsageError
from ablate.export.destinations import Destination
from ablate.export.exported import CURVE, ExportedStudy, ExportedTrial, record_id
from ablate.report.export import parquet_bytes, trials_table
from ablate.report.machine import effects_table
from ablate.report.writing import write_bytes
from ablate.stats import Effect
from ablate.store.run_folder import RunFolder

TRIALS, CURVES, EFFECTS = "trials.parquet", "curves.parquet", "effects.parquet"
_FOLDER, _STATE = "ablate.folder", "ablate.state"


def open_tracker(destination: Destination, folder: RunFolder, identifier: str, seconds: float | None) -> "Tables":
    """The folder of the tables."""
    return Tables(destination.place_in(folder), folder, identifier)


class Tables:
    """Three tables that are written whole, each in one step: the trials as `ablate report --trials` has them, the score of each trial
    after each epoch (arm, block, epoch from 1, score), and the effects as in effects.csv.

    The same run folder gives the same bytes under the same version of pyarrow.

    Raises:
        UsageError: the folder holds the tables of another run folder.
    """

    def __init__(self, path: Path, folder: RunFolder, identifier: str) -> None:
        self.place = str(path)
        self._path, self._run_folder, self._identifier = path, folder, identifier
        self._read = self._known()

    def known(self) -> frozenset[str]:
        """The identifiers of the trials and of the state that the tables hold."""
        return self._read

    def trial(self, trial: ExportedTrial) -> None:
        """Written with all others, by `summary`."""

    def summary(self, study: ExportedStudy) -> None:
        """Write the tables; the trials last, since they say that all three are there."""
        evidence = study.evidence
        said = {_FOLDER: self._identifier, _STATE: study.id}
        tables = {
            CURVES: _curves(evidence.frame),
            EFFECTS: _typed(effects_table(evidence)),
            TRIALS: trials_table(self._run_folder.resolved, evidence.store),
        }
        for name, table in tables.items():
            write_bytes(self._path / name, parquet_bytes(table, said))
        self._read = self._known()

    def close(self) -> None:
        """Nothing is held open."""

    def _known(self) -> frozenset[str]:
        import pyarrow.parquet

        path = self._path / TRIALS
        if not path.is_file():
            return frozenset()
        try:
            table: Any = pyarrow.parquet.read_table(path)
            said = {name.decode(): value.decode() for name, value in (table.schema.metadata or {}).items()}
            is_ours = said.get(_FOLDER) == self._identifier
            rows = table.select(["arm", "block", "started_at", "status"]).to_pylist() if is_ours else []
        except (OSError, ValueError, KeyError) as error:
            raise UsageError(f"{path} is there and is no table of trials: {error}") from error
        if not is_ours:
            raise UsageError(f"{path} has the trials of another run folder; give a folder of its own with --uri.")
        return frozenset({said[_STATE], *(record_id(self._identifier, **row) for row in rows)})


def _typed(effects: pd.DataFrame) -> pd.DataFrame:
    """The effects with the types that an effect has, whatever could be computed of them."""
    types: Mapping[object, str] = {int: "Int64", float: "float64"}
    named = {field.name: types.get(field.type, "object") for field in fields(Effect)}
    return effects.astype({name: named[name] for name in effects.columns})


def _curves(frame: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (arm, block, epoch, value)
        for arm, block, curve in frame[["arm", "block", CURVE]].itertuples(index=False)
        for epoch, value in enumerate(curve, 1)
    ]
    table = pd.DataFrame(rows, columns=["arm", "block", "epoch", "score"])
    return table.astype({"arm": object, "block": "int64", "epoch": "int64", "score": "float64"})
