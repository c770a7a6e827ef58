"""`ablate study watch`: a study's report and table while its trials land."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from ablate.cli.output import line, remark, stderr, stdout
from ablate.errors import UsageError

_STAND_BACK = 10
"""How far this process goes back behind others: at the very end, busy trainings would keep a page waiting for minutes."""


def watch(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A run folder; `ablate list` lists them.")],
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="The page's port; 0 is any. Otherwise one that is free.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    terminal: Annotated[
        bool,
        typer.Option(
            "--terminal", help="The table only, without a page; ends with the study, with 130 where it was interrupted."
        ),
    ] = False,
) -> None:
    """Follow a study while it runs: its report in a browser and a table here, made again as trials land.

    The page is served to this machine only, from another one through a tunnel
    (`ssh -L 8723:127.0.0.1:8723 HOST`). Nothing is written into DIR, and the
    study is not touched: Ctrl-C ends the watching. It goes on after the last
    trial. Pages are made at low priority, and take a tenth of a core at most.
    """
    from ablate.watch.terminal import follow
    from ablate.watch.watched import Watched

    if terminal and (port is not None or no_browser):
        option = "--no-browser" if port is None else "--port"
        raise UsageError(f"{option} changes nothing with --terminal, which has no page.")
    watched = Watched(directory)
    _stand_back()
    if terminal:
        follow(watched, stdout(), until_done=True)
        return

    from ablate.watch.page import LivePage
    from ablate.watch.server import PageServer

    try:
        with PageServer(LivePage(watched), port) as server:
            line(stderr(), f"Watching {watched.folder.path} at {server.url}   Ctrl-C ends the watching, not the study.")
            if not no_browser and _has_screen() and not webbrowser.open(server.url):
                remark(f"No browser could be opened; open {server.url} in one.")
            follow(watched, stdout())
    except KeyboardInterrupt:
        line(stderr(), "No longer watching.")


def _stand_back() -> None:
    """Let whoever trains on this machine go first."""
    os.nice(_STAND_BACK)


def _has_screen() -> bool:
    """Whether a browser would open in a window: in a terminal it would take the table's place."""
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
