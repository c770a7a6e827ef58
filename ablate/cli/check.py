"""`ablate study check`: whether a run folder is whole."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli import options
from ablate.cli.output import line, stdout
from ablate.formats.fitted_table import FittedTable

if TYPE_CHECKING:
    from ablate.store.check import FolderCheck

DAMAGED = 1
"""What the command ends with where something is damaged: what every command that cannot read a folder ends with."""


def check(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder; `ablate list` lists them.")],
    as_json: options.AsJson = False,
) -> None:
    """Say whether a run folder is whole: every line and file against its checksum, what trials cite, schedule, copies.

    Ends with 0 where all is whole, also while trials are still to run, and with 1 where something is damaged.
    """
    from ablate.store.check import check_folder

    found = check_folder(directory)
    if as_json:
        typer.echo(json.dumps(found.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(found)
    if not found.whole:
        raise typer.Exit(DAMAGED)


def _show(found: "FolderCheck") -> None:
    from ablate.stats.wording import counted

    table = FittedTable()
    table.add_column("part")
    table.add_column("seen", words=True)
    for part, seen in _parts(found):
        table.add_row(part, seen)
    console = stdout()
    console.print(table)
    for damage in found.damage:
        line(console, f"Damaged: {damage}")
    if found.whole:
        unchecked = found.older_lines or not found.study_checked
        line(
            console,
            "All of it is readable; a changed digit would not show in what is from before checksums."
            if unchecked
            else "All of it is whole.",
        )
        return
    unlisted = found.damage_count - len(found.damage)
    more = f" ({unlisted:,} more than listed)" if unlisted else ""
    line(
        console,
        f"{counted(found.damage_count, 'damage')}{more}; nothing was changed. Restore what is named from a copy; "
        "a damaged line of a trial may also be deleted, and a resume runs that trial again.",
    )


def _parts(found: "FolderCheck") -> list[tuple[str, str]]:
    from ablate.stats.wording import counted

    studies = {True: "as it was written", False: "readable, from before checksums", None: "damaged"}
    kinds = (("trial", found.trials), ("recipe", found.recipes), ("environment", found.environments))
    sound = found.checked_lines + found.older_lines
    lines = f"{counted(sound, 'sound line')} ({', '.join(counted(number, kind) for kind, number in kinds)}): "
    told = [f"{found.checked_lines:,} as written"] if found.checked_lines or not found.older_lines else []
    told += [f"{found.older_lines:,} readable, from before checksums"] if found.older_lines else []
    lines += ", ".join(told)
    if found.writer is not None:
        lines += f"; process {found.writer} is writing it"
    elif found.torn_bytes:
        lines += f"; a last line torn after {counted(found.torn_bytes, 'byte')}, which a resume cuts off"
    parts = [("study.json", studies[found.study_checked]), ("trials.jsonl", lines)]
    if found.planned is not None:
        left = found.planned - found.with_trial
        seen = f"{found.with_trial:,} of {counted(found.planned, 'trial')}, {left:,} left to run"
        again = f"; {counted(found.repeated, 'failed trial')} run again" if found.repeated else ""
        parts.append(("schedule", seen + again))
    if found.copies:
        parts.append(("sources", f"{counted(found.copies, 'file')} of yours, unchanged"))
    return parts
