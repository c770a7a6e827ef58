"""`ablate data`: bring image sets in, and see which there are."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ablate import datasets
from ablate.cli.output import remark, stderr, stdout
from ablate.errors import DataError
from ablate.formats.fitted_table import FittedTable

app = typer.Typer(no_args_is_help=True, help="Bring image sets in, and see which there are.")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The data home; otherwise ABLATE_DATA_DIR, otherwise the platform's cache folder."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Replace = Annotated[bool, typer.Option("--replace", help="Put the new set in the place of one that has its name.")]


@app.command("import")
def import_set(
    name: Annotated[str, typer.Argument(help="What to call the set; 'cifar10' takes only the official files.")],
    path: Annotated[
        Path,
        typer.Argument(
            help="The official cifar-10-python.tar.gz or its unpacked folder, or a folder or a .tar, .tar.gz or .tar.xz "
            "with train/<class>/* and test/<class>/*, 32x32 RGB images."
        ),
    ],
    data_dir: DataDir = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Bring a set of images into the data home."""
    with _progress_bar() as progress:
        dataset = datasets.import_dataset(name, path, data_dir, progress, replace=replace)
    _print_set(dataset.name, data_dir, as_json)


@app.command()
def fetch(data_dir: DataDir = None, replace: Replace = False, as_json: AsJson = False) -> None:
    """Download the official CIFAR-10 (170 MB), check it and keep it; done at once where it is already here."""
    with _progress_bar() as progress:
        datasets.fetch(data_dir, progress, replace=replace)
    _print_set("cifar10", data_dir, as_json)


@app.command("list")
def list_sets(
    data_dir: DataDir = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read every image and compute the digests again.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the sets in the data home; ends with exit code 4 if one of them is damaged."""
    entries = datasets.installed(data_dir, verify=verify)
    if as_json:
        typer.echo(json.dumps([entry.to_json() for entry in entries], indent=2))
    else:
        _print_table(entries, data_dir)
    damaged = [entry for entry in entries if entry.damage]
    if damaged:
        raise DataError("\n".join(str(entry.damage) for entry in damaged))


def _print_set(name: str, data_dir: Path | None, as_json: bool) -> None:
    entry = next(entry for entry in datasets.installed(data_dir) if entry.name == name)
    if as_json:
        typer.echo(json.dumps(entry.to_json(), indent=2))
    else:
        _print_table([entry], data_dir)


def _print_table(entries: list[datasets.Entry], data_dir: Path | None) -> None:
    if not entries:
        remark(
            f"No sets in {datasets.data_home(data_dir)}. `ablate data fetch` downloads CIFAR-10, "
            "`ablate data import NAME PATH` brings in your own; 'synthetic' needs no file."
        )
        return
    table = FittedTable()
    table.add_column("name")
    for column in ("train", "test", "classes", "MB"):
        table.add_column(column, numeric=True)
    table.add_column("digest")
    table.add_column("from", words=True)
    for entry in entries:
        if entry.damage:
            table.add_row(entry.name, "", "", "", "", "damaged", "")
            continue
        table.add_row(
            entry.name,
            f"{entry.train_count:,}",
            f"{entry.test_count:,}",
            str(len(entry.classes)),
            f"{entry.size_bytes / 1e6:.1f}",
            entry.digest[:12],
            entry.source,
        )
    stdout().print(table)


@contextmanager
def _progress_bar() -> Iterator[datasets.Progress]:
    """A bar on stderr with a task for each stage; nothing where stderr is no terminal."""
    console = stderr()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as display:
        tasks = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = display.add_task(stage, total=total)
            display.update(tasks[stage], completed=done, total=total)

        yield show
