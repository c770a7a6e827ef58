"""Reports on demand, and the files that a run folder ends with."""

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from ablate.errors import UsageError, near_match_and_all
from ablate.report.by_epoch import FILE_NAME, epochs_csv
from ablate.report.latex import latex_report
from ablate.report.machine import csv_report, json_report
from ablate.report.markdown import markdown_report
from ablate.report.terminal import plain_report
from ablate.stats.evidence import Evidence
from ablate.store.run_folder import RunFolder

Format: TypeAlias = Literal["table", "md", "csv", "json", "html", "latex"]

FORMATS: tuple[Format, ...] = get_args(Format)
"""The formats of a report."""


_ALIASES = {"markdown": "md", "tex": "latex", "text": "table", "txt": "table", "terminal": "table"}


def report(folder: str | os.PathLike[str], format: str = "table", *, target: float | None = None) -> str:
    """What a run folder shows, as text in one of `FORMATS`; `csv` holds the effects, `html` is a page of its own.

    With a `target`, 94 for 94 %, it says how many trials of each arm reach it, with a Wilson interval, and after which epoch the mean
    of their curves does. The same run folder gives the same text.

    Raises:
        UsageError: there is no run folder there, no such format, a target that the score cannot reach, or one for `csv`.
        AblateError: its files cannot be understood.
    """
    renderers: Mapping[str, Callable[[Evidence, float | None], str]] = {
        "table": plain_report,
        "md": markdown_report,
        "csv": _effects,
        "json": json_report,
        "latex": latex_report,
        "html": _page,
    }
    format = _ALIASES.get(format, format)
    if format not in renderers:
        raise UsageError(f"There is no report format '{format}'.{near_match_and_all(format, FORMATS)}")
    if format == "csv" and target is not None:
        raise UsageError(
            "The csv format holds effects, which have no target; leave out --target, or take --format json, which has the shares."
        )
    return renderers[format](Evidence.read(folder), target)


def write_reports(folder: str | os.PathLike[str], *, target: float | None = None) -> tuple[Path, ...]:
    """Write report.html, report.md, effects.csv, by_epoch.csv and figures/*.svg into a run folder; the paths written, report.html first.

    Each file is replaced in one step. Figures that the study does not allow (any more), and by_epoch.csv where no trial has a curve, are
    not there afterwards. `target` is that of `report`.

    Raises:
        UsageError: there is no run folder there, it cannot be written, or a target that the score cannot reach.
        AblateError: its files cannot be understood.
    """
    from ablate.report.figures import KINDS, draw_figures
    from ablate.report.html import html_report

    opened = RunFolder.open(Path(folder))
    evidence = Evidence.of(opened.resolved, opened.read_trials())
    figures = draw_figures(evidence, target)
    by_epoch = epochs_csv(evidence)
    contents = {
        opened.report_path: html_report(evidence, figures, target),
        opened.path / "report.md": markdown_report(evidence, target),
        opened.path / "effects.csv": csv_report(evidence),
        **({} if by_epoch is None else {opened.path / FILE_NAME: by_epoch}),
        **{opened.figures_path / f"{figure.kind}.svg": figure.svg for figure in figures},
    }
    for path, text in contents.items():
        write_text(path, text)
    for stale in (opened.path / FILE_NAME, *(opened.figures_path / f"{kind}.svg" for kind in KINDS)):
        if stale not in contents:
            with suppress(OSError):
                stale.unlink(missing_ok=True)
    return tuple(contents)


def _effects(evidence: Evidence, _: float | None) -> str:
    return csv_report(evidence)


def _page(evidence: Evidence, target: float | None) -> str:
    # Loaded where figures are drawn: matplotlib takes longer to load than the other formats to make.
    from ablate.report.figures import draw_figures
    from ablate.report.html import html_report

    return html_report(evidence, draw_figures(evidence, target), target)


def write_text(path: Path, text: str) -> None:
    """`write_bytes` for a text, in UTF-8."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Put `content` at `path` in one step, with the folder above where that is missing; what was there stays if that fails.

    Raises:
        UsageError: the place cannot be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not forced to the disk: a report can be made again from the trials, which are.
        with draft.open("xb") as file:
            file.write(content)
        os.replace(draft, path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise UsageError(f"Cannot write {path}: {error.strerror}.") from error
