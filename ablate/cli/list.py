"""`ablate list`: the run folders here."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from ablate.cli.options import AsJson
from ablate.cli.output import remark, stdout
from ablate.errors import AblateError
from ablate.formats.fitted_table import FittedTable
from ablate.formats.printable import printable
from ablate.store.run_folder import DEFAULT_ROOT, RunFolder, run_folders


def list_folders(
    root: Annotated[Path, typer.Argument(help="The folder that holds run folders.")] = DEFAULT_ROOT,
    as_json: AsJson = False,
) -> None:
    """List the run folders with their question, arms, trials and date."""
    rows = []
    for path in run_folders(root):
        try:
            rows.append(_row(path))
        except AblateError as error:
            remark(f"{path}: {error}")
    if as_json:
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        remark(f"No run folders in {root}/. `ablate run --disable selective_tta` makes one.")
    else:
        stdout().print(_table(rows))


def _row(path: Path) -> dict[str, Any]:
    folder = RunFolder.open(path)
    resolved = folder.resolved
    statuses = list(folder.read_trials().statuses.values())
    return {
        "path": str(path),
        "study": resolved.study.name,
        "question": resolved.study.question,
        "arms": [arm.name for arm in resolved.study.arms],
        "trials_done": sum(status == "ok" for status in statuses),
        "trials_failed": sum(status != "ok" for status in statuses),
        "trials_planned": len(resolved.schedule),
        "preset": resolved.preset,
        "data": resolved.data,
        "device": resolved.device,
        "created_at": resolved.created_at,
    }


def _table(rows: list[dict[str, Any]]) -> FittedTable:
    table = FittedTable()
    # One below the other: beside each other they leave no room for words on a terminal of 80 columns.
    table.add_column("run folder, question", words=True)
    table.add_column("arms", numeric=True)
    table.add_column("trials", numeric=True)
    table.add_column("preset, data, date", words=True)
    for row in rows:
        failed = f" ({row['trials_failed']} failed)" if row["trials_failed"] else ""
        table.add_row(
            Text.assemble(printable(row["path"]), "\n", (row["question"], "dim")),
            str(len(row["arms"])),
            f"{row['trials_done']}/{row['trials_planned']}{failed}",
            Text(f"{row['preset']}, {row['data']}\n{row['created_at'][:16].replace('T', ' ')}"),
        )
    return table
