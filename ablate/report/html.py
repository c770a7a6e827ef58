"""The report as one HTML file that asks the network for nothing."""

import gzip
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Any

import pandas as pd
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ablate.formats.printable import printable
from ablate.report.by_epoch import FILE_NAME, epochs_csv
from ablate.report.caveats import list_caveats
from ablate.report.export import trials_csv, trials_table
from ablate.report.figures import Figure, palette_css
from ablate.report.headline import headline
from ablate.report.looks import looks_sentence
from ablate.report.machine import csv_report
from ablate.report.markdown import notes_on
from ablate.report.provenance import provenance, reproduction
from ablate.report.sections import tables
from ablate.report.tables import EFFECTS, MOST_EXTRAS, Table
from ablate.stats.evidence import Evidence
from ablate.stats.frames import EXTRA
from ablate.stats.recorded import OFFICIAL_DATA
from ablate.stats.score_words import capital, is_percentage, short_name, value_unit
from ablate.stats.wording import counted
from ablate.study.score import Score

MOST_TRIALS_LISTED = 10_000
"""A page with more rows than this is slow to open; all trials are in trials.jsonl anyway."""

MOST_ROWS = 30
"""A longer table is folded, so that what stands below it is found."""

LARGEST_PLAIN_FILE = 200_000
"""Bytes of a file in the page before it is compressed."""

_MOST_SIGNIFICANT = 6
"""Digits of a score that is no percentage, and of other named measurements."""

_PARTS_OF_TIME = (
    ("train", "train_seconds", ".4f", 1.0),
    ("TTA", "tta_seconds", ".4f", 1.0),
    ("compile", "compile_seconds", ".1f", 1.0),
)


def _trial_columns(evidence: Evidence) -> tuple[tuple[str, str, str, float], ...]:
    """Heading, column of the frame, format and factor of each column of the table of trials: those of image recipes, else what there is."""
    score, frame = evidence.score, evidence.frame
    digits = f".{_MOST_SIGNIFICANT}g"
    return (
        ("block", "block", ".0f", 1.0),
        ("process", "process", ".0f", 1.0),
        (score.title, "score", ".2f" if is_percentage(score) else digits, score.factor),
        *((("accuracy", "accuracy", ".2f", 100.0),) if evidence.measures_accuracy else ()),
        ("time", "time_seconds", ".4f", 1.0),
        *(part for part in _PARTS_OF_TIME if evidence.is_of_images or frame[part[1]].notna().any()),
        *((printable(name), f"{EXTRA}{name}", digits, 1.0) for name in evidence.extras[:MOST_EXTRAS]),
    )


def _units(score: Score) -> str:
    """ "Accuracies in percent, times in seconds; "."""
    if is_percentage(score):
        return (
            "Accuracies in percent, times in seconds"
            if short_name(score) == "accuracy"
            else f"{capital(score.title)} in percent, times in seconds"
        )
    unit = value_unit(score)
    return f"{capital(score.title)} in {unit}, times in seconds" if unit else "Times in seconds"


@dataclass(frozen=True, slots=True)
class _Badge:
    text: str
    warns: bool


@dataclass(frozen=True, slots=True)
class _Download:
    """A file inside the page."""

    name: str
    label: str
    uri: str

    @classmethod
    def csv(cls, name: str, label: str, content: bytes) -> "_Download":
        kind = "text/csv"
        if len(content) > LARGEST_PLAIN_FILE:
            name, kind, content = f"{name}.gz", "application/gzip", gzip.compress(content, mtime=0)
        return cls(name, label, f"data:{kind};base64,{b64encode(content).decode()}")


@dataclass(frozen=True, slots=True)
class _ArmTrials:
    name: str
    count: str
    rows: Markup


def html_report(evidence: Evidence, figures: tuple[Figure, ...], target: float | None = None) -> str:
    """The page: headline, contents, warnings, the first figure, the `tables` of the study, the other figures, trials, provenance.

    The same evidence and figures give the same text. Everything that came from outside is escaped.
    """
    return templates().get_template("page.html.j2").render(page_parts(evidence, figures, target))


def page_parts(evidence: Evidence, figures: tuple[Figure, ...], target: float | None = None) -> dict[str, Any]:
    """What the page's template is filled with, by name."""
    study = evidence.resolved.study
    by_arm = dict(iter(evidence.frame.groupby("arm", sort=False)))
    shown = [(str(arm), by_arm[arm]) for arm in evidence.arms["arm"] if arm in by_arm]
    each = max(1, MOST_TRIALS_LISTED // max(1, len(shown)))
    longest = max((len(group) for _, group in shown), default=0)
    columns = _trial_columns(evidence)
    shown_tables = tables(evidence, target)
    return dict(
        name=study.name,
        question=study.question,
        badges=_badges(evidence),
        headline=headline(evidence),
        looks=looks_sentence(evidence),
        caveats=list_caveats(evidence),
        hero=figures[0] if figures else None,
        figures=figures[1:],
        contents=_contents(evidence, shown_tables, figures[1:]),
        downloads=_downloads(evidence),
        tables=shown_tables,
        most_rows=MOST_ROWS,
        effects=EFFECTS,
        notes=notes_on(evidence),
        trials=[_arm_trials(arm, group, each, columns) for arm, group in shown],
        trials_note=f"The first {each:,} of each arm; `ablate report DIR --trials` writes all of them."
        if longest > each
        else "",
        trial_headings=[heading for heading, _, _, _ in columns],
        trial_units=_units(evidence.score),
        provenance=provenance(evidence),
        commands=reproduction(evidence),
        style=Markup(palette_css() + _asset("page.css")),
        script=Markup(_asset("page.js")),
    )


def _contents(evidence: Evidence, tables: tuple[Table, ...], figures: tuple[Figure, ...]) -> list[tuple[str, str]]:
    """Ids and titles of the page's sections."""
    warnings = [("warnings", "Read this first")] if list_caveats(evidence) else []
    pictures = [("figures", "Figures")] if figures else []
    rest = [("trials", "Trials"), ("provenance", "Where this comes from"), ("reproduce", "Reproduce")]
    return [*warnings, *((_slug(table.title), table.title) for table in tables), *pictures, *rest]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _downloads(evidence: Evidence) -> list[_Download]:
    name = _slug(evidence.resolved.study.name) or "study"
    downloads = []
    if evidence.effects:
        downloads.append(_Download.csv(f"{name}-effects.csv", "Effects (CSV)", csv_report(evidence).encode()))
    by_epoch = epochs_csv(evidence)
    if by_epoch is not None:
        downloads.append(_Download.csv(f"{name}-{FILE_NAME}", "By epoch (CSV)", by_epoch.encode()))
    if 0 < len(evidence.frame) <= MOST_TRIALS_LISTED:
        trials = trials_csv(trials_table(evidence.resolved, evidence.store))
        downloads.append(_Download.csv(f"{name}-trials.csv", "Trials (CSV)", trials))
    return downloads


def _badges(evidence: Evidence) -> list[_Badge]:
    resolved = evidence.resolved
    facts = evidence.facts()
    devices = [str(name) for name in facts.get("device_name", ()) if name] or [resolved.device]
    badges = [
        _Badge(f"preset {resolved.preset}", resolved.preset != "full"),
        _Badge(
            f"data {', '.join(evidence.data_names)}", evidence.is_of_images and evidence.data_names != (OFFICIAL_DATA,)
        ),
        *(_Badge(device, len(devices) > 1) for device in devices),
        _Badge(counted(evidence.usable_trials, "trial"), False),
        _Badge(resolved.created_at[:10], False),
    ]
    if evidence.lost_trials:
        badges.append(_Badge(f"{evidence.lost_trials:,} without a result", True))
    return badges


def _arm_trials(
    name: str, group: pd.DataFrame, most: int, columns: Sequence[tuple[str, str, str, float]]
) -> _ArmTrials:
    group = group.head(most)
    numbers = [group[column].tolist() for _, column, _, _ in columns]
    lines = []
    # End tags of rows and cells are optional in HTML; leaving them out halves a table of thousands of trials.
    for status, error, *values in zip(group["status"], group["error"], *numbers, strict=True):
        if status == "ok":
            cells = "".join(
                f"<td>{value * factor:{digits}}" if isfinite(value) else "<td>"
                for value, (_, _, digits, factor) in zip(values, columns, strict=True)
            )
        else:
            reason = escape(f"{status}: {error}" if error else status)
            cells = f"<td>{values[0]}<td>{values[1]}<td class=lost colspan={len(columns) - 2}>{reason}"
        lines.append(f"<tr>{cells}")
    return _ArmTrials(name, counted(len(group), "trial"), Markup("\n".join(lines)))


@cache
def templates(*further: str) -> Environment:
    """The report's templates, and before them those of `further` packages of ablate's, whose pages extend the report's."""
    loaders = [PackageLoader("ablate", folder) for folder in (*further, "report")]
    environment = Environment(
        loader=ChoiceLoader(loaders), autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    environment.filters["slug"] = _slug
    return environment


def _asset(name: str) -> str:
    return files("ablate.report").joinpath(name).read_text(encoding="utf-8")
