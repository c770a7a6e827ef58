"""The commands put together, and what an error looks like."""

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from ablate.cli import data, init
from ablate.cli.command import make_helpful
from ablate.cli.compare import compare
from ablate.cli.doctor import doctor
from ablate.cli.export import export
from ablate.cli.features import features
from ablate.cli.figure import figure
from ablate.cli.imports import import_logs
from ablate.cli.list import list_folders
from ablate.cli.recipes import recipes
from ablate.cli.report import report
from ablate.cli.run import run
from ablate.cli.state import DEBUG_FLAG, set_command_line, set_debugging, version_line
from ablate.cli.study import app as study_app
from ablate.errors import AblateError, InterruptedStudyError, TrialsFailedError
from ablate.formats.printable import printable_lines

app = typer.Typer(
    name="ablate",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.add_typer(study_app, name="study")
app.command()(recipes)
app.command()(features)
app.add_typer(init.app, name="init")
app.command("list")(list_folders)
app.command()(report)
app.command()(figure)
app.command()(compare)
app.command()(export)
app.command("import")(import_logs)
app.add_typer(data.app, name="data")
app.command()(doctor)


def _debug(wanted: bool) -> None:
    if wanted:
        set_debugging()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version_line())
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version and commit, and exit.")
    ] = False,
    # Not handed to a command: every one of them lists it, and none has a parameter for it.
    debug: Annotated[
        bool, typer.Option(DEBUG_FLAG, callback=_debug, expose_value=False, help="Show the traceback of an error.")
    ] = False,
) -> None:
    """Ablation studies of training recipes: which of these changes did it?

    Start with `ablate run --disable selective_tta`.
    """


make_helpful(app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 done, 1 fault, 2 wrong usage, 3 failed trials, 4 data missing, 130 interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    set_command_line(given)
    # Taken out here, so that it works behind every command and also where the rest cannot be parsed.
    debug = DEBUG_FLAG in given
    if debug:
        set_debugging()
        given = [argument for argument in given if argument != DEBUG_FLAG]
    try:
        code = app(args=given, prog_name="ablate", standalone_mode=False) or 0
        if code == InterruptedStudyError.exit_code:
            # Newer versions of Typer make this of a KeyboardInterrupt; older ones raise Abort.
            _say("Interrupted.")
        sys.exit(code)
    except AblateError as error:
        told = isinstance(error, (InterruptedStudyError, TrialsFailedError))
        _complain(error, debug, label="" if told else "Error: ")
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _say("Interrupted.")
        sys.exit(InterruptedStudyError.exit_code)
    except BrokenPipeError:
        # Whoever read the output has had enough; Python would complain once more while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if hasattr(error, "show") and hasattr(error, "exit_code"):
            # Wrong usage that Typer found itself: an unknown option or command, a word where a number should be.
            error.show()
            sys.exit(error.exit_code)
        _complain(error, debug, label=f"Unexpected {type(error).__name__}: ")
        if not debug:
            _say(f"Run again with {DEBUG_FLAG} for the traceback.")
        sys.exit(1)


def _complain(error: Exception, debug: bool, *, label: str) -> None:
    if debug:
        traceback.print_exception(error)
    _say(f"{label}{error}")


def _say(text: str) -> None:
    Console(stderr=True, soft_wrap=True).print(Text(printable_lines(text), style="bold red"))
