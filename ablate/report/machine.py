"""The report for programs: CSV of the effects, JSON of everything."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from ablate.report.by_epoch import epochs_frame
from ablate.report.caveats import list_caveats
from ablate.report.headline import headline
from ablate.report.looks import looks_record
from ablate.report.provenance import provenance, reproduction
from ablate.report.reaching import reaching
from ablate.stats import Effect
from ablate.stats.evidence import Evidence
from ablate.stats.targets import as_trials_hold
from ablate.study.score import TTA_ACCURACY, Score

_SIGNIFICANT_DIGITS = 10
"""More than was measured, fewer than what differs between two builds of a numerical library."""


def csv_report(evidence: Evidence) -> str:
    """One line an effect: the fields of `stats.Effect`, raw arm-minus-reference columns included; NaN is an empty field.

    A factorial study's own answers come first, as lines of kind "shapley" (subjects and "total") and "interaction" (subject
    "X × Y"), in the columns that they share with effects.
    """
    return effects_table(evidence).to_csv(index=False, lineterminator="\n")


def effects_table(evidence: Evidence) -> pd.DataFrame:
    """The rows and columns of `csv_report`: every value as it is, None for what could not be computed."""
    unmeasured = _unmeasured(evidence)
    columns = [field.name for field in fields(Effect) if field.name not in unmeasured]
    lines = [*_answers(evidence), *(asdict(effect) for effect in evidence.effects)]
    rows = [{name: _rounded(line.get(name)) for name in columns} for line in lines]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _unmeasured(evidence: Evidence) -> frozenset[str]:
    """The fields of an effect that are about accuracy beside the score, where no trial has one."""
    if evidence.measures_accuracy:
        return frozenset()
    return frozenset(field.name for field in fields(Effect) if field.name.startswith(("accuracy_", "raw_accuracy_")))


def _answers(evidence: Evidence) -> Iterator[dict[str, Any]]:
    if not evidence.is_factorial:
        return
    values, pairs = evidence.shapley, evidence.interactions
    if values is not None and values.total is not None:
        counts = {"blocks": values.blocks, "time_blocks": values.time_blocks, "processes": values.processes}
        for share in (*values.shares, values.total):
            yield {**asdict(share), "kind": "shapley", "time_p": share.time_saved_p, **counts, "note": values.note}
    for pair in _rows(pairs) or ():
        yield {**pair, "kind": "interaction", "subject": f"{pair['first']} × {pair['second']}"}


def json_report(evidence: Evidence, target: float | None = None) -> str:
    """A JSON object: headline, warnings, what the study asked, effects, arms, target, curves, provenance; what could not be computed is
    null.
    """
    resolved = evidence.resolved
    curves = epochs_frame(evidence)
    return as_json(
        {
            "study": resolved.study.name,
            "question": resolved.study.question,
            "headline": headline(evidence),
            **looks_record(evidence),
            "preset": resolved.preset,
            **score_record(evidence.score),
            "data": [{"name": name, "digest": digest} for name, digest in evidence.data_sets],
            "trials": {"usable": evidence.usable_trials, "lost": evidence.lost_trials, "left": evidence.left},
            "warnings": [asdict(caveat) for caveat in list_caveats(evidence)],
            "shapley": asdict(evidence.shapley) if evidence.is_factorial and evidence.shapley else None,
            "interactions": _rows(evidence.interactions) if evidence.is_factorial else None,
            "equal_accuracy": _rows(evidence.equal_accuracy),
            **_screening(evidence),
            "against_published": [asdict(each) for each in evidence.against_published],
            "ladder": None if evidence.ladder is None else asdict(evidence.ladder),
            "effects": [_without(asdict(effect), _unmeasured(evidence)) for effect in evidence.effects],
            "arms": [
                _without(row, () if evidence.measures_accuracy else _ACCURACY_OF_ARMS) for row in evidence.arm_rows
            ],
            **({} if target is None else _target(evidence, target)),
            "by_epoch": None if curves.empty else _rows(curves),
            "provenance": dict(provenance(evidence)),
            "reproduce": list(reproduction(evidence)),
        }
    )


def _screening(evidence: Evidence) -> dict[str, Any]:
    """What only a screening has: its shares, resolution and aliases."""
    if evidence.average_shares is None:
        return {}
    told = {"resolution": evidence.screening.resolution, "aliases": evidence.screening.aliases}
    return {"average_shares": asdict(evidence.average_shares), "screening": told}


def _target(evidence: Evidence, target: float) -> dict[str, Any]:
    """What only a report with a target has; its score is as trials hold it."""
    return {"target": {"score": as_trials_hold(target, evidence.score), "arms": reaching(evidence, target)}}


_ACCURACY_OF_ARMS = ("accuracy_mean", "accuracy_sd", "accuracy_low", "accuracy_high")


def _without(row: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def score_record(score: Score) -> dict[str, Any]:
    """What a JSON object says of its score: nothing of TTA accuracy, which is what is meant where it says nothing."""
    return {} if score == TTA_ACCURACY else {"score": asdict(score)}


def _rows(frame: pd.DataFrame | None) -> list[dict[Any, Any]] | None:
    return None if frame is None else frame.to_dict("records")


def as_json(value: Any) -> str:
    """Indented JSON with a newline at its end, NaN as null, numbers with ten significant digits."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    return _rounded(value)


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if isfinite(value) else None
