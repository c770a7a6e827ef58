"""Each tracker, offline: read back with its own client and compared with the run folder, and without a server."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pytest

import ablate
from ablate.errors import AblateError, UsageError
from ablate.export import Destination, export
from ablate.export.exported import ExportedTrial, exported_trials, folder_id, reference_recipe
from ablate.export.following import Following, Patience
from ablate.store.lines import format_line
from ablate.store.run_folder import RunFolder
from ablate.study import Study, add_one_in
from tests.export.wandb_file import read_run
from tests.report.build import trial
from tests.tiny_study import make_everything_tiny

# What trackers say of their own use of others is not about us.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

NOBODY = "http://127.0.0.1:9"


class Read(NamedTuple):
    """A run as a tracker gives it back; `steps` are the values of the curve by step."""

    group: str
    is_well: bool | None
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    steps: Mapping[int, float]


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that trackers keep for themselves lands outside."""
    for name in ("WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_ARTIFACT_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    for name in ("MLFLOW_TRACKING_URI", "WANDB_MODE", "WANDB_API_KEY", "TRACKIO_SPACE_ID", "TRACKIO_SERVER_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def trackio_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """trackio has one folder as long as a process lives: the one that is named as it is loaded."""
    folder = tmp_path_factory.mktemp("trackio")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TRACKIO_DIR", str(folder))
        yield folder


def told_of(folder: Path) -> dict[str, ExportedTrial]:
    opened = RunFolder.open(folder)
    store = opened.read_trials()
    reference = reference_recipe(opened.resolved, store, store)
    told = exported_trials(folder_id(opened), opened.resolved, store.latest().values(), store, reference)
    return {each.id: each for each in told}


def mlflow_runs(uri: str, project: str) -> tuple[Any, list[Any]]:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(project)
    assert experiment is not None
    return client, list(client.search_runs([experiment.experiment_id]))


def read_mlflow(project: str, place: str) -> dict[str, Read]:
    pytest.importorskip("mlflow")
    client, runs = mlflow_runs(place, project)
    return {
        run.data.tags["ablate.id"]: Read(
            run.data.tags["ablate.arm"],
            {"FINISHED": True, "FAILED": False}[run.info.status],
            run.data.params,
            {name: value for name, value in run.data.metrics.items() if name != "curve"},
            {each.step: each.value for each in client.get_metric_history(run.info.run_id, "curve")},
        )
        for run in runs
    }


def read_wandb(project: str, place: str) -> dict[str, Read]:
    read = {}
    for path in (Path(place) / "wandb").glob("offline-run-*"):
        run = read_run(path)
        last = run["history"][max(run["history"])] if run["history"] else {}
        read[run["config"]["ablate_id"]] = Read(
            run["group"],
            run["exit_code"] == 0,
            run["config"],
            {name: value for name, value in last.items() if name != "curve"},
            {step: items["curve"] for step, items in run["history"].items() if "curve" in items},
        )
    return read


def read_trackio(project: str, place: str) -> dict[str, Read]:
    import trackio
    from trackio.sqlite_storage import SQLiteStorage

    read = {}
    for run in trackio.Api().runs(project):
        logs = [{**log, "step": log["step"]} for log in SQLiteStorage.get_logs(project, run.name, run_id=run.id)]
        config = run.config
        last = {name: value for name, value in logs[-1].items() if name not in ("step", "timestamp", "curve")}
        steps = {log["step"]: log["curve"] for log in logs if "curve" in log}
        read[config["ablate_id"]] = Read(config["_Group"], None, config, last, steps)
    return read


def read_tensorboard(project: str, place: str) -> dict[str, Read]:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    hparams = pytest.importorskip("tensorboard.plugins.hparams.plugin_data_pb2")
    read = {}
    for path in Path(place).glob("*/*-*"):
        events = accumulator.EventAccumulator(str(path)).Reload()
        scalars = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
        params: dict[str, Any] = {}
        content = events.summary_metadata.get("_hparams_/session_start_info")
        if content is not None:
            said = hparams.HParamsPluginData.FromString(content.plugin_data.content).session_start_info.hparams
            params = {name: getattr(value, str(value.WhichOneof("kind"))) for name, value in said.items()}
        read[path.name.rpartition("-")[2]] = Read(
            path.parent.name,
            None,
            params,
            {tag: each[-1].value for tag, each in scalars.items() if tag != "curve"},
            {each.step: each.value for each in scalars.get("curve", ())},
        )
    return read


READERS = {"mlflow": read_mlflow, "wandb": read_wandb, "trackio": read_trackio, "tensorboard": read_tensorboard}
LETTERS = {
    "mlflow": lambda name: name.replace(",", "_"),
    "tensorboard": lambda name: name.replace(",", "_").replace(" ", "_"),
}
"""The names of metrics in the letters that a tracker has."""

PACKAGES = {"tensorboard": "tensorboardX"}


@pytest.mark.parametrize("kind", READERS)
def test_it_keeps_what_the_folder_holds_and_nothing_twice(kind: str, folder: Path, trackio_folder: Path) -> None:
    pytest.importorskip(PACKAGES.get(kind, kind))
    uri = str(trackio_folder) if kind == "trackio" else None
    told = told_of(folder)
    (done,) = export(folder, kind, uri=uri)
    assert (done.added, done.already, done.summary) == (6, 0, True)
    read = READERS[kind]("made_up", done.place)
    trials = {identifier: run for identifier, run in read.items() if identifier in told}
    assert trials.keys() == told.keys()
    assert len(read) == 7
    tolerance = 1e-6 if kind == "tensorboard" else 0
    for identifier, run in trials.items():
        trial = told[identifier]
        assert run.group == trial.arm
        assert run.is_well in (None, trial.status == "ok")
        for name, value in trial.params.items():
            got = run.params[name]
            assert got == (str(value) if kind == "mlflow" else value), name
        metrics = {LETTERS.get(kind, str)(name): value for name, value in trial.metrics.items()}
        assert run.metrics == pytest.approx(metrics, rel=tolerance, abs=0)
        assert run.steps == pytest.approx(dict(enumerate(trial.curve, 1)), rel=tolerance, abs=0)
    (summary,) = (run for identifier, run in read.items() if identifier not in told)
    assert summary.group == "summary"
    (effect,) = ablate.open_results(folder).effects.to_dict("records")
    saved = effect["time_saved_percent"]
    assert summary.metrics["pair/silu/time_saved_percent"] == pytest.approx(saved, rel=tolerance, abs=0)

    (again,) = export(folder, kind, uri=uri)
    assert (again.added, again.already, again.summary) == (0, 6, False)
    assert READERS[kind]("made_up", done.place).keys() == read.keys()

    _run_once_more(folder)
    (more,) = export(folder, kind, uri=uri)
    assert (more.added, more.already, more.summary) == (1, 5, True)
    later = READERS[kind]("made_up", done.place)
    assert later.keys() > trials.keys()
    # W&B keeps both states in files; sent to a server, the later takes the earlier one's place.
    assert len(later) == 9 if kind == "wandb" else 8


def _run_once_more(folder: Path) -> None:
    opened = RunFolder.open(folder)
    lost = next(each for each in opened.read_trials().latest().values() if each.status == "failed")
    with opened.trials_path.open("ab") as file:
        file.write(format_line("trial", trial(lost.spec, number=1000).to_json()))


def test_mlflow_has_the_report_as_artifacts_and_goes_on_with_a_run_that_was_cut_off(
    folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mlflow")
    database = f"sqlite:///{tmp_path / 'own.db'}"
    (done,) = export(folder, "mlflow", uri=database, project="another name")
    client, runs = mlflow_runs(done.place, "another name")
    (summary,) = (run for run in runs if run.data.tags["ablate.arm"] == "summary")
    assert {entry.path for entry in client.list_artifacts(summary.info.run_id)} >= {
        "effects.csv",
        "report.html",
        "figures",
    }
    path = Path(client.download_artifacts(summary.info.run_id, "effects.csv", str(tmp_path)))
    assert path.read_text() == ablate.report.report(folder, "csv")
    assert (tmp_path / "artifacts").is_dir()
    cut = next(run for run in runs if run.info.status == "FAILED")
    client.update_run(cut.info.run_id, status="RUNNING")
    (again,) = export(folder, "mlflow", uri=database, project="another name")
    assert (again.added, again.already, again.summary) == (1, 5, False)
    assert client.get_run(cut.info.run_id).info.status == "FAILED"
    assert len(mlflow_runs(done.place, "another name")[1]) == 7


def test_trackio_keeps_to_one_folder(folder: Path, trackio_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("trackio")
    export(folder, "trackio", uri=str(trackio_folder), project="keeping")
    with pytest.raises(
        UsageError, match=rf"^trackio keeps its runs in {trackio_folder} as long as this process lives; "
    ):
        export(folder, "trackio", uri=str(tmp_path / "elsewhere"))


@pytest.mark.parametrize("kind", ["mlflow", "wandb"])
def test_without_its_server_it_costs_a_study_one_warning(
    kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(kind)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    opened, said = RunFolder.open(folder), list[str]()
    store = opened.read_trials()
    patience = Patience(before=120, between=2, after=120)
    with Following([Destination(kind=kind, uri=NOBODY)], opened, store, said.append, patience=patience) as followed:
        for each in store:
            followed.take(each)
    (warning,) = said
    title = {"mlflow": "MLflow", "wandb": "Weights & Biases"}[kind]
    assert warning.startswith((f"{title} failed: ", f"{title} took longer than 2 s."))
    assert warning.endswith(f"what it lacks is added by: ablate export {folder} --to {kind} --uri {NOBODY}")


def test_an_export_without_its_server_is_an_error(folder: Path) -> None:
    pytest.importorskip("mlflow")
    with pytest.raises(AblateError, match=r"^MLflow failed: .*127\.0\.0\.1"):
        export(folder, "mlflow", uri=NOBODY)


def test_uploading_takes_a_server_that_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    with pytest.raises(UsageError, match=r"^--upload to MLflow takes MLFLOW_TRACKING_URI in the environment"):
        export(folder, "mlflow", upload=True)
    # Not heeded where nothing was asked to be sent.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", NOBODY)
    (done,) = export(folder, "mlflow")
    assert done.place == f"sqlite:///{folder / 'tracking' / 'mlflow' / 'mlflow.db'}"


@pytest.mark.parametrize("kind", READERS)
def test_a_study_is_followed(kind: str, tmp_path: Path, trackio_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip(PACKAGES.get(kind, kind))
    make_everything_tiny(monkeypatch, tmp_path)
    monkeypatch.setattr("ablate.export.following.PATIENCE", Patience(before=300, between=300, after=300))
    study = Study.of(add_one_in(["silu"]), name=f"followed_{kind}", question="Does it work?", blocks=2, processes=1)
    said: list[str] = []
    uri = str(trackio_folder) if kind == "trackio" else None
    results = ablate.run(study, out=tmp_path / "run", track=Destination(kind=kind, uri=uri), announce=said.append)
    assert " has 4 trials: " in said[-1]
    read = READERS[kind](study.name, said[-1].partition(": ")[2])
    assert len(read) == 5
    assert read.keys() > told_of(results.folder.path).keys()
    (again,) = results.export(kind, uri=uri)
    assert (again.added, again.summary) == (0, False)


@pytest.mark.skipif(sys.platform != "linux", reason="a folder that takes nothing is /proc")
def test_a_place_that_takes_nothing_is_an_error(folder: Path) -> None:
    pytest.importorskip("tensorboardX")
    with pytest.raises(AblateError, match=r"^cannot write /proc/nowhere/"):
        export(folder, "tensorboard", uri="/proc/nowhere")


def _open_full(path: str) -> BinaryIO:
    return Path("/dev/full").open("wb")


@pytest.mark.skipif(sys.platform != "linux", reason="a disk that is full is /dev/full")
def test_a_disk_that_is_full_leaves_no_half_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboardX")
    monkeypatch.setattr("tensorboardX.record_writer.open_file", _open_full)
    with pytest.raises(AblateError, match=r"^cannot write .*: No space left on device$"):
        export(folder, "tensorboard", uri=str(tmp_path / "events"))
    assert not list((tmp_path / "events").glob("*/*/*"))
    monkeypatch.undo()
    (done,) = export(folder, "tensorboard", uri=str(tmp_path / "events"))
    assert done.added == 6
