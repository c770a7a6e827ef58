"""Every trial of a run folder as one table for other programs: CSV, JSON or Parquet."""

import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import pandas as pd

from ablate.errors import UsageError, near_match
from ablate.formats.printable import printable
from ablate.stats import trials_frame
from ablate.store.records import Environment, Trial
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.store.trials import MemoryTrialStore

TrialFormat: TypeAlias = Literal["csv", "json", "parquet"]

TRIAL_FORMATS: tuple[TrialFormat, ...] = get_args(TrialFormat)
"""The formats of a table of trials."""

TRIAL_COLUMNS: Mapping[str, str] = {
    "study": "name of the study",
    "arm": "name of the arm; with `block` the key of the trial",
    "features": "names of the features that are on, groups taken apart",
    "length": "factor on the recipe's epochs",
    "stream": "seed stream: 0, or that of an A/A twin",
    "block": "number of the block, from 0; all arms of a block and stream share a seed",
    "position": "place in its block's order, from 0",
    "planned_process": "process the trial was dealt to",
    "process": "process that ran it: the unit of what varies in time",
    "seed": "seed of initialisation, order and augmentation",
    "status": "ok, failed or timeout; only ok has measurements",
    "error": "reason and remedy where it failed",
    "marks": "what sets the trial apart from the rest of its folder, such as imported",
    "started_at": "when it started, ISO 8601",
    "accuracy": "accuracy without test-time augmentation, a fraction; image recipes measure it beside the score",
    "score": "what reports compare beside time, as study.json names it; of image recipes accuracy with test-time augmentation, a fraction",
    "time_seconds": "the study's clock; of image recipes whitening to the last test-time prediction",
    "train_seconds": "part of it: until training ended",
    "tta_seconds": "part of it: test-time augmentation",
    "reset_seconds": "resetting the network, before the clock",
    "wall_seconds": "the clock's window by the wall clock",
    "warm_up_seconds": "warming up, before the clock; only where the trial found its arm cold",
    "compile_seconds": "part of the warm-up: compiling",
    "train_accuracy": "accuracy on the training images, a fraction; from imported logs only",
    "curve": "the score after each epoch, where asked for (--curves); of image recipes without test-time augmentation",
    "preset": "preset of the study",
    "data": "name of the data set",
    "data_digest": "sha256 of the data set's content",
    "recipe": "digest of the recipe as the trial's line cites it",
    "fingerprint": "what identifies the recipe in every run folder: equal recipes have equal fingerprints",
    "environment": "digest of machine and software; trials.jsonl holds the facts",
    "device": "device the trial ran on",
    "device_name": "its name",
    "commit": "commit of the package that ran it",
    "throttle_reasons": "why the device slowed itself down before or after the trial",
    "measures": "both, or score or time alone, where times are measured apart from the trainings",
    "beside": "how many other trials could run at the same time; with any, its times are no times",
    "seat": "seat it ran in; empty where the study had none with hardware of its own",
    "host": "machine of that seat",
    "received_at": "when its record reached the driver of the seats, ISO 8601",
}
"""The columns of a table of trials, in their order, and what each holds.

Other named measurements of the recipe follow them, such as `extra.perplexity`, and numbers of the device before and after the trial,
such as `device_before_temperature_c`.
"""

_LISTS = {"features": "text", "marks": "text", "curve": "number", "throttle_reasons": "text"}
_FACTS = ("device", "device_name", "commit")


def trials_table(resolved: ResolvedStudy, store: MemoryTrialStore) -> pd.DataFrame:
    """One row for each (arm, block) in the order they were planned, with `TRIAL_COLUMNS`, other named measurements and
    the device's numbers.

    `ablate.stats.trials_frame` with what study.json and the cited records know beside it. Where a trial was run again, the last
    record counts. Lists are tuples; what was not measured is NaN, what is not known None.
    """
    latest = {trial.spec.key: trial for trial in store}
    frame = trials_frame(latest.values())
    trials = [latest[key] for key in zip(frame["arm"], frame["block"], strict=True)]
    arms = {arm.name: arm for arm in resolved.study.arms}

    def of_arm(value: Callable[[str], Any], unknown: Any) -> list[Any]:
        return [value(trial.spec.arm) if trial.spec.arm in arms else unknown for trial in trials]

    recipes = [store.recipes.get(trial.recipe) for trial in trials]
    added: dict[str, Any] = {
        "study": [resolved.study.name] * len(trials),
        "features": of_arm(lambda arm: tuple(resolved.arm_features[arm]), ()),
        "length": of_arm(lambda arm: float(arms[arm].length), float("nan")),
        "stream": of_arm(lambda arm: arms[arm].stream, 0),
        "preset": [resolved.preset] * len(trials),
        "fingerprint": [recipe.fingerprint if recipe else None for recipe in recipes],
        "throttle_reasons": [_throttle_reasons(trial) for trial in trials],
    }
    for fact in _FACTS:
        added[fact] = [_fact(store.environments.get(trial.environment), fact) for trial in trials]
    types = {"length": "float64", "stream": "int64"}
    columns = {name: pd.Series(values, dtype=types.get(name, "object")) for name, values in added.items()}
    whole = pd.concat([frame, pd.DataFrame(columns)], axis=1)
    return whole[[*TRIAL_COLUMNS, *(name for name in whole.columns if name not in TRIAL_COLUMNS)]]


def export_trials(folder: str | os.PathLike[str], format: str = "csv") -> bytes:
    """Every trial of a run folder as a file in one of `TRIAL_FORMATS`; the same folder gives the same bytes.

    Numbers have all their digits. CSV: what is not known is an empty field, lists are JSON. JSON: an array of objects, null for
    what is not known. Parquet: needs pyarrow, and repeats its bytes only under the same version of it.

    Raises:
        UsageError: there is no run folder there, no such format, or no pyarrow.
        AblateError: its files cannot be understood.
    """
    writers: Mapping[str, Callable[[pd.DataFrame], bytes]] = {
        "csv": trials_csv,
        "json": _json,
        "parquet": parquet_bytes,
    }
    if format not in writers:
        raise UsageError(
            f"Trials are written as {', '.join(TRIAL_FORMATS)}, not as '{format}'.{_near(format)} Leave out --trials for a report."
        )
    opened = RunFolder.open(Path(folder))
    return writers[format](trials_table(opened.resolved, opened.read_trials()))


def _near(format: str) -> str:
    near = near_match(format, TRIAL_FORMATS)
    return near if "Did you mean" in near else ""


def _throttle_reasons(trial: Trial) -> tuple[str, ...]:
    listed = [(state or {}).get("throttle_reasons") for state in (trial.device_before, trial.device_after)]
    return tuple(sorted({str(reason) for reasons in listed if isinstance(reasons, list) for reason in reasons}))


def _fact(environment: Environment | None, name: str) -> str | None:
    value = None if environment is None else environment.facts.get(name)
    return None if value is None else printable(str(value))


def trials_csv(frame: pd.DataFrame) -> bytes:
    """A table of trials as CSV, lists in it as JSON."""
    plain = frame.assign(**{name: [json.dumps(list(each)) for each in frame[name]] for name in _LISTS})
    return plain.to_csv(index=False, lineterminator="\n").encode()


def _json(frame: pd.DataFrame) -> bytes:
    rows = [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict(orient="records")]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, allow_nan=False) for row in rows)
    return f"[\n{lines}\n]\n".encode() if rows else b"[]\n"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def parquet_bytes(frame: pd.DataFrame, said: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """A table, such as that of trials, as Parquet; `said` is kept beside it, for whoever reads the file's metadata.

    Raises:
        UsageError: pyarrow is not installed here.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise UsageError(
            "Parquet needs pyarrow, which is not installed here: pip install 'ablate-recipes[parquet]'\n"
            "Or write the trials as csv or json."
        ) from error
    # Spelled out: a column without a value in any row would otherwise have no type.
    types = {"text": pyarrow.list_(pyarrow.string()), "number": pyarrow.list_(pyarrow.float64())}
    arrays = {
        str(name): pyarrow.array(
            _values(column), type=types[_LISTS[name]] if name in _LISTS else _type(pyarrow, column)
        )
        for name, column in frame.items()
    }
    buffer = io.BytesIO()
    table = pyarrow.table(arrays)
    pyarrow.parquet.write_table(table.replace_schema_metadata(dict(said)) if said else table, buffer)
    return buffer.getvalue()


def _values(column: pd.Series) -> Iterable[Any]:
    return [
        None if value is pd.NA or (isinstance(value, float) and not isfinite(value)) else value
        for value in column.tolist()
    ]


def _type(pyarrow: Any, column: pd.Series) -> Any:
    return {"f": pyarrow.float64, "i": pyarrow.int64}.get(column.dtype.kind, pyarrow.string)()
