"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where data sets are kept; otherwise ABLATE_DATA_DIR, otherwise the cache folder."),
]
Device = Annotated[str, typer.Option(help="auto, cuda, cuda:1, cpu, mps.")]
FeaturesFrom = Annotated[
    Path | None, typer.Option("--features-from", help="A Python file with features of your own to add.")
]
RegistryFile = Annotated[
    Path | None,
    typer.Option("--registry", help="A Python file with a whole registry: baseline, features and groups."),
]
Preset = Annotated[
    str | None, typer.Option(help="full (as published), mini (seconds on two CPU cores), auto: full on a GPU.")
]
Data = Annotated[
    str | None,
    typer.Option(help="cifar10, synthetic, an imported set, or auto: cifar10 where it is here, else synthetic."),
]
Trials = Annotated[int | None, typer.Option(help="How often each arm is trained (the number of blocks).")]
Processes = Annotated[
    int | None, typer.Option(help="Fresh processes the blocks are dealt to; an interval of time takes 2, better 5.")
]
Minutes = Annotated[float | None, typer.Option(help="Stop after the whole blocks that fit into this time.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the study: order, starting values, augmentation.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", help="Seconds a trial may take; its process is stopped then.")
]
Twin = Annotated[bool, typer.Option("--aa", help="Run the reference a second time, with seeds of its own.")]
Curves = Annotated[bool, typer.Option("--curves", help="Validate after every epoch, outside the clock.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first trial that fails.")]
Out = Annotated[Path | None, typer.Option(help="The run folder to make; otherwise runs/<date>_<time>_<name>.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would run, how long, and what it could see.")]
