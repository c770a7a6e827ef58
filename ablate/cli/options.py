"""Options that several commands share."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.cli import completion
from ablate.errors import UsageError

if TYPE_CHECKING:
    from ablate.export.destinations import Destination

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Where data sets are kept; otherwise ABLATE_DATA_DIR, otherwise the cache folder."),
]
Device = Annotated[str, typer.Option(help="auto, cuda, cuda:1, cpu, mps.")]
ComputeDtype = Annotated[
    str,
    typer.Option(
        help="What networks compute in: float64, float32, bfloat16, float16; auto: what the device is good at."
    ),
]
Recipe = Annotated[
    str | None,
    typer.Option(
        "--recipe", help="The recipe to take apart; `ablate recipes` lists them.", autocompletion=completion.recipes
    ),
]
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
Trials = Annotated[
    int | None,
    typer.Option(
        help="How often each arm is trained (the number of blocks); 0 with --clock interleaved: times alone, no trainings."
    ),
]
Processes = Annotated[
    int | None, typer.Option(help="Fresh processes the blocks are dealt to; an interval of time takes 2, better 5.")
]
Clock = Annotated[
    str | None,
    typer.Option(
        help="trial: time whole trainings. interleaved: time pieces of all arms in turns, apart from the trainings."
    ),
]
Parallel = Annotated[
    int | None,
    typer.Option(help="Trainings at a time, in children that share the cores; their own times say nothing then."),
]
Seats = Annotated[
    list[str] | None,
    typer.Option(
        "--seats",
        metavar="KIND:WHERE",
        help="Where trials run; repeatable. local:N: as --parallel N. gpu:all, gpu:0,2: a child a GPU. command:'ssh box', "
        "command:'srun -N1 -n1 --gpus=1': what carries stdin and stdout to a worker. ray:auto: a cluster.",
    ),
]
Minutes = Annotated[float | None, typer.Option(help="Stop after the whole blocks that fit into this time.")]
UntilSettled = Annotated[
    bool,
    typer.Option(
        "--until-settled",
        help="Stop once every verdict is settled; with --minutes also when what is open cannot be in the time left.",
    ),
]
Seed = Annotated[int | None, typer.Option(help="Seed of the study: order, starting values, augmentation.")]
Timeout = Annotated[
    float | None, typer.Option("--timeout", help="Seconds a trial may take; its process is stopped then.")
]
Twin = Annotated[bool, typer.Option("--aa", help="Run the reference a second time, with seeds of its own.")]
Curves = Annotated[bool, typer.Option("--curves", help="Validate after every epoch, outside the clock.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first trial that fails.")]
Out = Annotated[Path | None, typer.Option(help="The run folder to make; otherwise runs/<date>_<time>_<name>.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would run, how long, and what it could see.")]
Track = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="KIND",
        help="A tracker that gets each trial before the next begins, as `ablate export` would; several by repeating.",
        autocompletion=completion.trackers,
    ),
]
TrackUri = Annotated[
    list[str] | None,
    typer.Option(
        "--track-uri",
        metavar="FOLDER_OR_ADDRESS",
        help='Where --track goes instead of DIR/tracking; one for each, in their order, "" for the usual place.',
    ),
]
SpreadsFrom = Annotated[
    Path | None,
    typer.Option("--spreads-from", metavar="DIR", help="With --dry-run: the run folder whose spreads it goes by."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOptions:
    """How to run a study; None keeps what the study says."""

    trials: Trials = None
    processes: Processes = None
    clock: Clock = None
    parallel: Parallel = None
    seats: Seats = None
    minutes: Minutes = None
    until_settled: UntilSettled = False
    preset: Preset = None
    data: Data = None
    data_dir: DataDir = None
    device: Device = "auto"
    compute_dtype: ComputeDtype = "auto"
    seed: Seed = None
    aa: Twin = False
    curves: Curves = False
    recipe: Recipe = None
    features_from: FeaturesFrom = None
    registry_file: RegistryFile = None
    out: Out = None
    track: Track = None
    track_uri: TrackUri = None
    timeout: Timeout = None
    dry: DryRun = False
    spreads_from: SpreadsFrom = None
    fail_fast: FailFast = False
    as_json: AsJson = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions(StudyOptions):
    """How to run a study that has no file to say anything."""

    trials: Trials = 5
    processes: Processes = 1
    clock: Clock = "trial"
    preset: Preset = "auto"
    data: Data = "auto"
    seed: Seed = 0


def trackers(kinds: Sequence[str] | None, uris: Sequence[str] | None) -> "tuple[Destination, ...]":
    """Where `--track` and `--track-uri` send trials.

    Raises:
        UsageError: no such tracker, another number of uris, a package that is not installed.
    """
    if not kinds:
        if uris:
            raise UsageError(f"--track-uri {uris[0]} changes nothing without --track.")
        return ()
    # Loaded where asked for: what makes tables and reports takes longer to load than the rest of a command.
    from ablate.export.destinations import destinations_of

    return destinations_of(kinds, uri=uris, option="--track", uri_option="--track-uri")


def check_parallel(parallel: int | None, seats: Sequence[str] | None) -> None:
    """Refuse two answers to one question, and seats that are none.

    Raises:
        UsageError: both are given, or a seat is of no kind.
    """
    from ablate.engine.seating import check_seats

    if parallel is not None and seats:
        raise UsageError(
            f"--parallel {parallel} and --seats {seats[0]} both say where trials run. Give one: --parallel N is --seats local:N."
        )
    check_seats(seats or ())


def split_names(option: str, given: Sequence[str] | None) -> tuple[str, ...]:
    """The names that an option was given, repeated or with commas, each once.

    Raises:
        UsageError: an empty name.
    """
    names = tuple(name.strip() for chunk in given or () for name in chunk.split(","))
    if "" in names:
        raise UsageError(f"{option} got an empty name. Give a feature or group: {option} silu,tuning.")
    return tuple(dict.fromkeys(names))
