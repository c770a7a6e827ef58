"""`ablate init`: a file to begin with."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from ablate.cli.output import line, stdout
from ablate.errors import UsageError

STARTS = Path(__file__).parent / "starts"
"""The files that are written, as they are."""

app = typer.Typer(no_args_is_help=True, help="Write a commented, working file to begin with: a feature or a registry.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="The Python file to write; one that exists is left alone.")]


@app.command()
def feature(file: File) -> None:
    """Write a file with a feature of your own: a part, a group and a feature."""
    _write("feature", file)
    named = shlex.quote(str(file))
    _say_next(
        file,
        f"ablate features warm_up --features-from {named}",
        f"ablate run --from baseline --enable warm_up --features-from {named} --dry-run",
    )


@app.command()
def registry(
    file: File,
    kind: Annotated[
        Literal["image", "python", "command"],
        typer.Option(help="What is trained: the package's images, a function in Python, a command in any language."),
    ] = "image",
) -> None:
    """Write a file with a registry of your own: a baseline, groups and features."""
    _write("registry" if kind == "image" else kind, file)
    named = shlex.quote(str(file))
    _say_next(file, f"ablate features --registry {named}", f"ablate study run waterfall --registry {named} --dry-run")


def _write(start: str, file: Path) -> None:
    if file.suffix != ".py":
        raise UsageError(f"{file} would be a Python file; name it {file.with_name(f'{file.name}.py')}.")
    try:
        with file.open("x", encoding="utf-8") as written:
            written.write((STARTS / f"{start}.py").read_text(encoding="utf-8"))
    except FileExistsError:
        raise UsageError(f"{file} exists already and is left as it is. Choose another name.") from None
    except FileNotFoundError:
        raise UsageError(f"Cannot write {file}: there is no folder {file.parent}.") from None
    except OSError as error:
        raise UsageError(f"Cannot write {file}: {error.strerror}.") from error


def _say_next(file: Path, *commands: str) -> None:
    console = stdout()
    line(console, f"Wrote {file}, which works as it is. Next:")
    for command in commands:
        line(console, f"  {command}")
