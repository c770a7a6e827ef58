"""The report for programs: CSV of the effects, JSON of everything."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd

from ablate.evidence import Evidence
from ablate.report.caveats import list_caveats
from ablate.report.headline import headline
from ablate.report.provenance import provenance, reproduction
from ablate.stats import Effect

_SIGNIFICANT_DIGITS = 10
"""More than was measured, fewer than what differs between two builds of a numerical library."""


def csv_report(evidence: Evidence) -> str:
    """One line an effect: the fields of `stats.Effect`, raw arm-minus-reference columns included; NaN is an empty field."""
    rows = [{name: _rounded(value) for name, value in asdict(effect).items()} for effect in evidence.effects]
    frame = pd.DataFrame(rows, columns=[field.name for field in fields(Effect)], dtype=object)
    return frame.to_csv(index=False, lineterminator="\n")


def json_report(evidence: Evidence) -> str:
    """A JSON object: headline, warnings, arms, effects, ladder, provenance; what could not be computed is null."""
    resolved = evidence.resolved
    ladder = evidence.ladder
    return as_json(
        {
            "study": resolved.study.name,
            "question": resolved.study.question,
            "headline": headline(evidence),
            "preset": resolved.preset,
            "data": [{"name": name, "digest": digest} for name, digest in evidence.data_sets],
            "trials": {"usable": evidence.usable_trials, "lost": evidence.lost_trials, "left": evidence.left},
            "warnings": [asdict(caveat) for caveat in list_caveats(evidence)],
            "arms": evidence.arm_rows,
            "effects": [asdict(effect) for effect in evidence.effects],
            "ladder": None if ladder is None else asdict(ladder),
            "provenance": dict(provenance(evidence)),
            "reproduce": list(reproduction(evidence)),
        }
    )


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
