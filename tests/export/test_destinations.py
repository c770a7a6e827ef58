"""Trackers by name: what is refused before anything is done, and the command that a warning names."""

import shlex
import sys
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.export import KINDS, Destination, destinations_of, export
from ablate.store.run_folder import RunFolder
from tests.export.fake_tracker import Kept
from tests.tiny_study import CommandLine, untouched


@pytest.mark.parametrize(
    ("to", "settings", "message"),
    [
        ("mlfow", {}, r"^There is no tracker 'mlfow'\. Did you mean 'mlflow'\? There are: mlflow, wandb, trackio, .*\.$"),
        (["fake", "fake"], {}, r"^--to fake is given twice; once is enough\.$"),
        (["fake"], {"uri": ["a", "b"]}, r"^--to is given once and --uri twice; give one for each, in the same order"),
        ("tensorboard", {"upload": True}, r"^TensorBoard keeps files and has no server; leave out --upload\.$"),
        ("tensorboard", {"uri": "http://host"}, r"^TensorBoard keeps files and .*; --uri takes a folder, not 'http://host'\.$"),
        ("parquet", {"project": "p"}, r"^Parquet keeps one study in a folder; leave out --project\.$"),
        ("fake", {"uri": "x", "upload": True}, r"^--uri x says where the runs go; leave out --upload\.$"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    kept: Kept, folder: Path, to: object, settings: dict[str, object], message: str
) -> None:
    with untouched(folder), pytest.raises(UsageError, match=message):
        export(folder, to, **settings)  # type: ignore[arg-type]
    assert kept.opened == 0


@pytest.mark.parametrize(
    ("kind", "package", "extra"),
    [
        ("mlflow", "mlflow", "mlflow"),
        ("mlflow", "alembic", "mlflow"),
        ("wandb", "wandb", "wandb"),
        ("trackio", "trackio", "trackio"),
        ("tensorboard", "tensorboardX", "tensorboard"),
        ("parquet", "pyarrow", "parquet"),
    ],
)
def test_a_package_that_is_not_there_names_its_extra(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, package: str, extra: str
) -> None:
    for name in ("mlflow", "sqlalchemy", "alembic", "wandb", "trackio", "tensorboardX", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None if name == package else sys)
    monkeypatch.setattr("ablate.export.tracker.find_spec", lambda name: sys.modules[name])
    with (
        untouched(folder),
        pytest.raises(
            UsageError,
            match=rf" needs {package}, which is not installed here: pip install 'ablate-recipes\[{extra}\]'$",
        ),
    ):
        export(folder, kind)


def test_every_kind_is_in_the_help(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    said = " ".join(CommandLine(capsys).ok("export", "--help").out.split())
    assert f"{', '.join(KINDS[:-1])} or {KINDS[-1]}" in said


def test_the_command_says_all_of_a_destination(kept: Kept, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    destination = Destination(kind="fake", uri="some where", project="a b")
    words = shlex.split(destination.command(RunFolder.open(folder)))
    assert words == ["ablate", "export", str(folder), "--to", "fake", "--uri", "some where", "--project", "a b"]
    CommandLine(capsys).ok(*words[1:])
    secret = Destination(kind="fake", uri="http://me:secret@host")
    assert secret.command(RunFolder.open(folder)).endswith("--uri http://me:...@host")
    (done,) = export(folder, secret)
    assert done.place == "http://me:...@host"
    assert destinations_of("fake", upload=True)[0].command(RunFolder.open(folder)).endswith("--to fake --upload")


def test_an_empty_uri_is_the_usual_place(kept: Kept) -> None:
    first, second = destinations_of(["fake", "FAKE "], uri=["", "x"])
    assert (first.uri, second.uri) == (None, "x")
    assert destinations_of(first) == (first,)
    assert destinations_of(()) == ()
