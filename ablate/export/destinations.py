"""The trackers by name, and where each one's runs go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from shlex import quote
from typing import TypeAlias

from ablate.errors import UsageError, near_match_and_all
from ablate.export.exported import folder_id
from ablate.export.tracker import Tracker, check_installed
from ablate.formats.secrets import without_secrets
from ablate.store.run_folder import RunFolder

TRACKING = "tracking"
"""The part of a run folder that holds what trackers keep in files."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A tracker: its name in sentences, the module that talks to it, the packages it takes, the extra that brings them."""

    title: str
    module: str
    packages: tuple[str, ...]
    extra: str
    has_server: bool = True
    has_projects: bool = True


_KINDS: Mapping[str, _Kind] = {
    "mlflow": _Kind("MLflow", "ablate.export.mlflow", ("mlflow", "sqlalchemy", "alembic"), "mlflow"),
    "wandb": _Kind("Weights & Biases", "ablate.export.wandb", ("wandb",), "wandb"),
    "trackio": _Kind("trackio", "ablate.export.trackio", ("trackio",), "trackio"),
    "tensorboard": _Kind(
        "TensorBoard", "ablate.export.tensorboard", ("tensorboardX",), "tensorboard", has_server=False
    ),
    "parquet": _Kind("Parquet", "ablate.export.parquet", ("pyarrow",), "parquet", has_server=False, has_projects=False),
}

KINDS: tuple[str, ...] = tuple(_KINDS)
"""The trackers that trials can be exported to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A tracker, and where in it: `uri` a folder or an address, `project` a name other than the study's.

    Without a `uri` runs stay on this machine: in the run folder's `tracking/`, those of trackio where its dashboard looks. `upload` sends
    them to the server that the tracker's own login and environment name.
    """

    kind: str
    uri: str | None = None
    project: str | None = None
    upload: bool = False

    @property
    def title(self) -> str:
        """The tracker's name in sentences."""
        return _KINDS[self.kind].title

    def check(self) -> None:
        """See that there is such a tracker, that it takes these settings, and that its packages are installed.

        Raises:
            UsageError: it is not so; the message says what to do.
        """
        if self.kind not in _KINDS:
            raise UsageError(f"There is no tracker '{self.kind}'.{near_match_and_all(self.kind, KINDS)}")
        kind = _KINDS[self.kind]
        if self.upload and not kind.has_server:
            raise UsageError(f"{kind.title} keeps files and has no server; leave out --upload.")
        if self.upload and self.uri is not None:
            raise UsageError(f"--uri {self.uri} says where the runs go; leave out --upload.")
        if self.uri is not None and is_address(self.uri) and not kind.has_server:
            raise UsageError(f"{kind.title} keeps files and has no server; --uri takes a folder, not '{self.uri}'.")
        if self.project is not None and not kind.has_projects:
            raise UsageError(f"{kind.title} keeps one study in a folder; leave out --project.")
        for package in kind.packages:
            check_installed(package, kind.title, kind.extra)

    def open(self, folder: RunFolder, *, seconds: float | None = None) -> Tracker:
        """The tracker, for this run folder's study; `seconds` is how long it may wait for a server, None: as long as it does.

        Raises:
            Exception: whatever the tracker raises where the place cannot be reached.
        """
        opener: Opener = import_module(_KINDS[self.kind].module).open_tracker
        return opener(self, folder, folder_id(folder), seconds)

    def project_of(self, folder: RunFolder) -> str:
        """What runs are filed under: the name asked for, or the study's."""
        return self.project or folder.resolved.study.name

    def place_in(self, folder: RunFolder) -> Path:
        """The folder for what the tracker keeps in files."""
        return Path(self.uri).absolute() if self.uri is not None else (folder.path / TRACKING / self.kind).absolute()

    def command(self, folder: RunFolder) -> str:
        """The command that exports to this place what is not there yet; passwords in it are for whoever knows them."""
        words = ["ablate", "export", quote(str(folder.path)), "--to", self.kind]
        words += [] if self.uri is None else ["--uri", quote(without_secrets(self.uri))]
        words += [] if self.project is None else ["--project", quote(self.project)]
        return " ".join([*words, *(["--upload"] if self.upload else [])])


Opener: TypeAlias = Callable[[Destination, RunFolder, str, float | None], Tracker]
"""What each tracker's module has as `open_tracker`: from where to, the run folder and its identifier, and seconds to wait."""


def is_address(uri: str) -> bool:
    """Whether a uri is one of a server or a database, not a folder."""
    return "://" in uri


def destinations_of(
    to: "str | Destination | Sequence[str | Destination]",
    *,
    uri: str | Sequence[str] | None = None,
    project: str | None = None,
    upload: bool = False,
    option: str = "--to",
    uri_option: str = "--uri",
) -> tuple[Destination, ...]:
    """Where to export to; of `uri` as many as of `to`, in the same order, or none, "" for a tracker's usual place.

    Raises:
        UsageError: no such tracker, one named twice, another number of uris, a package that is not installed.
    """
    kinds = (to,) if isinstance(to, (str, Destination)) else tuple(to)
    uris = () if uri is None else (uri,) if isinstance(uri, str) else tuple(uri)
    if uris and len(uris) != len(kinds):
        raise UsageError(
            f"{option} is given {_times(len(kinds))} and {uri_option} {_times(len(uris))}; give one for each, in the same order, "
            'with "" where the usual place is meant.'
        )
    found = tuple(
        kind
        if isinstance(kind, Destination)
        else Destination(kind=kind.strip().lower(), uri=given or None, project=project, upload=upload)
        for kind, given in zip(kinds, uris or ("",) * len(kinds), strict=True)
    )
    for number, destination in enumerate(found):
        if destination in found[:number]:
            raise UsageError(f"{option} {destination.kind} is given twice; once is enough.")
        destination.check()
    return found


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")
