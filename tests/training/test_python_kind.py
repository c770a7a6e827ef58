"""Functions of one's own as recipes: what they are given, what they give back, and what each way of failing says."""

from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.lineages.loading import load_registry
from ablate.store.records import FinishedTrial
from ablate.store.run_folder import RunFolder
from ablate.study import Arm, Study, pair
from ablate.study.schedule import TrialSpec
from ablate.training.kinds import kind_of
from ablate.training.opening import child_arguments, child_trainer, resolve_study
from tests.own_kinds import python_file

SPEC = TrialSpec(arm="baseline", block=3, position=0, process=0, seed=5 << 32)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def study(**settings: object) -> Study:
    arms = Arm(name="baseline", features=frozenset()), Arm(name="deep", features=frozenset({"deep"}))
    return Study.of(pair(*arms), name="x", question="?", **{"blocks": 1, "processes": 1, **settings})  # type: ignore[arg-type]


def run(file: Path, *, folder: Path | None = None, spec: TrialSpec = SPEC, **settings: object) -> FinishedTrial:
    registry = load_registry(registry=file)
    kind = kind_of(registry)
    data = kind.load_data("auto", None, lambda line: None)
    resolved = resolve_study(study(**settings), registry, data, device="cpu")
    trainer = kind.trainer(resolved, data, device=None, debug=False, folder=folder, timeout_seconds=None)
    return trainer.train(spec, 0)


def test_what_a_training_is_given_and_gives_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = (
        "print('training')\n"
        "assert trial.scratch.is_dir() and not list(trial.scratch.iterdir())\n"
        "(trial.scratch / 'x').touch()\n"
        "given = {'seed': trial.seed, 'block': trial.block, 'size': trial.size, 'length': trial.length}\n"
        "assert (trial.device, trial.preset, trial.arm) == ('cpu', 'small', 'baseline')\n"
        "return ablate.Measured(score=self.rate, curve=[0.1, 0.2], extra=given)"
    )
    file = python_file(tmp_path, train, extra='data = "toy"\npresets = {"full": 1, "small": 0.25}')
    finished = run(file, folder=tmp_path / "run", preset="small")
    trial = finished.trial
    assert trial.status == "ok", trial.error
    measured = trial.measurements
    assert measured is not None
    assert (measured.score, measured.curve) == (0.3, (0.1, 0.2))
    assert measured.extra == {"seed": 5, "block": 3, "size": 0.25, "length": 1}
    assert measured.time_seconds == measured.wall_seconds
    assert (trial.data, finished.environment.facts["preset"]) == ("toy", "small")
    assert not (tmp_path / "run" / "scratch").exists()
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "training\n")


MEASURED = "return ablate.Measured(score={})"
FAILURES = {
    "nothing": ("pass", "train gave None (NoneType), not a Measured: return ablate.Measured(score=...)"),
    "a bare number": ("return 0.9", "train gave 0.9 (float), not a Measured"),
    "a text": (MEASURED.format("'0.9'"), "own.py, line 12: ValueError: score is '0.9' (str), not a number"),
    "a truth": (MEASURED.format("True"), "score is True (bool), not a number"),
    "not a number": (
        MEASURED.format("float('nan')"),
        "score came out as nan; the training diverged, or divided by zero",
    ),
    "infinity": (MEASURED.format("1, seconds=float('inf')"), "seconds came out as inf"),
    "a negative time": (MEASURED.format("1, seconds=-1"), "seconds is -1; a training takes more than 0"),
    "a curve of texts": (MEASURED.format("1, curve='abc'"), "curve is 'abc' (str), not a list of numbers"),
    "extras without names": (MEASURED.format("1, extra=[1]"), "extra is [1] (list), not names with numbers"),
    "a name on two lines": (MEASURED.format("1, extra={'a\\n': 1}"), r"extra names 'a\n'; a name is text on one line"),
    "an unknown word": (MEASURED.format("1, loss=2"), "unexpected keyword argument 'loss'"),
    "an exception": ("return {}['x']", "own.py, line 12: KeyError: 'x'. Run again with --debug for the traceback"),
    "an exit": ("sys.exit('no')", "own.py, line 12: SystemExit: no"),
    "no memory": ("raise MemoryError", "MemoryError; free some, or train with less at a time"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_trial_says_why(tmp_path: Path, name: str) -> None:
    train, reason = FAILURES[name]
    trial = run(python_file(tmp_path, train), folder=tmp_path / "run").trial
    assert (trial.status, trial.measurements) == ("failed", None)
    assert reason in str(trial.error)
    scratch = next((tmp_path / "run" / "scratch").iterdir())
    assert str(trial.error).endswith(f"Its scratch folder is {scratch}.")


def test_numbers_of_numpy_are_numbers_and_tensors_are_told_how(tmp_path: Path) -> None:
    numbers = "import numpy\nreturn ablate.Measured(score=numpy.float32(0.5), curve=numpy.ones(2), extra={'n': numpy.int64(3)})"
    measured = run(python_file(tmp_path, numbers)).trial.measurements
    assert measured is not None
    assert (measured.score, measured.curve, measured.extra) == (0.5, (1.0, 1.0), {"n": 3.0})
    tensor = "import torch\nreturn ablate.Measured(score=torch.tensor(0.5))"
    assert "(Tensor), not a number; call .item() on it" in str(run(python_file(tmp_path, tensor)).trial.error)


class TestWhatMeansNothing:
    """An option that these recipes cannot mind is refused, and says what would change that."""

    @pytest.fixture
    def registry(self, tmp_path: Path) -> Path:
        return python_file(tmp_path, MEASURED.format("1"))

    def test_a_preset_that_is_not_declared(self, registry: Path) -> None:
        with pytest.raises(
            UsageError, match=r"--preset mini means nothing for Own, .* Declare sizes in the class, presets = "
        ):
            run(registry, preset="mini")

    def test_a_preset_that_is_misspelt(self, tmp_path: Path) -> None:
        file = python_file(tmp_path, MEASURED.format("1"), extra='presets = {"full": 1, "mini": 0.1}')
        with pytest.raises(
            UsageError, match=r"Unknown preset 'minni'\. Did you mean 'mini'\? There are: auto, full, mini\."
        ):
            run(file, preset="minni")
        kind = kind_of(load_registry(registry=file))
        assert (kind.choose_preset("auto", "cuda:1"), kind.choose_preset("auto", "cpu")) == ("full", "mini")

    def test_a_length_that_is_not_honoured(self, registry: Path, tmp_path: Path) -> None:
        kind = kind_of(load_registry(registry=registry))
        long = Arm(name="baseline @ 2", features=frozenset(), length=2.0)
        lengths = Study.of(
            pair(Arm(name="baseline", features=frozenset()), long), name="x", question="?", blocks=1, processes=1
        )
        with pytest.raises(
            UsageError, match=r"Arm 'baseline @ 2' has length 2, and Own does not honour lengths\. .*trial\.length"
        ):
            kind.check_study(lengths, curves=False)
        file = python_file(tmp_path, MEASURED.format("1"), extra="honours_lengths = True")
        honouring = kind_of(load_registry(registry=file))
        honouring.check_study(lengths, curves=False)
        assert honouring.compose(long, "full").fingerprint() != honouring.compose(lengths.arms[0], "full").fingerprint()

    def test_a_data_set(self, registry: Path) -> None:
        kind = kind_of(load_registry(registry=registry))
        with pytest.raises(
            UsageError, match="--data cifar10 means nothing for Own, which brings its own data: the recipe's own"
        ):
            kind.load_data("cifar10", None, lambda line: None)
        with pytest.raises(UsageError, match="--data-dir means nothing for Own"):
            kind.load_data("auto", Path("here"), lambda line: None)

    def test_curves(self, registry: Path) -> None:
        with pytest.raises(UsageError, match="--curves means nothing for Own"):
            kind_of(load_registry(registry=registry)).check_study(study(), curves=True)

    def test_a_compute_dtype(self, registry: Path) -> None:
        kind = kind_of(load_registry(registry=registry))
        with pytest.raises(
            UsageError, match="--compute-dtype means nothing for Own: a recipe of one's own computes in"
        ):
            kind.choose_compute_dtype("float32", "cpu")
        assert kind.choose_compute_dtype("auto", "cpu") == "auto"

    def test_a_device_that_is_none(self, registry: Path) -> None:
        kind = kind_of(load_registry(registry=registry))
        with pytest.raises(UsageError, match=r"Unknown device 'cdua'\. Did you mean 'cuda'\?"):
            kind.find_device("cdua")
        assert (kind.find_device("cuda:1"), kind.find_device("cpu")) == ("cuda:1", "cpu")


def test_an_edit_of_the_function_is_refused_by_the_next_child(tmp_path: Path) -> None:
    file = python_file(tmp_path, MEASURED.format("1"))
    registry = load_registry(registry=file)
    data = kind_of(registry).load_data("auto", None, lambda line: None)
    resolved = resolve_study(study(), registry, data, device="cpu", registry_file=file)
    folder = RunFolder.create(resolved, tmp_path / "run")
    arguments = child_arguments(folder, resolved, data_dir=None, device=None, debug=False)
    assert child_trainer(**arguments).train(SPEC, 0).trial.status == "ok"
    file.write_text(file.read_text().replace("'here'", "'there'"))
    child_trainer(**arguments)
    file.write_text(file.read_text().replace("score=1", "score=2"))
    with pytest.raises(UsageError, match="While the study ran, the recipe of arm 'baseline' changed in its file"):
        child_trainer(**arguments)


def test_files_of_data_are_digested(tmp_path: Path) -> None:
    file = python_file(tmp_path, MEASURED.format("1"), extra='data_files = ("digits.txt",)')
    kind = kind_of(load_registry(registry=file))
    with pytest.raises(
        Exception, match=r"Cannot read .*digits\.txt, which the recipe names in data_files: No such file"
    ):
        kind.load_data("auto", None, lambda line: None)
    (tmp_path / "digits.txt").write_text("1 2 3")
    first = kind.load_data("auto", None, lambda line: None).digest
    (tmp_path / "digits.txt").write_text("1 2 4")
    assert kind.load_data("auto", None, lambda line: None).digest != first


def test_a_trainer_that_is_not_to_be_had(tmp_path: Path) -> None:
    file = python_file(tmp_path, MEASURED.format("1"), extra='trainer = "nowhere:Kind"')
    with pytest.raises(
        UsageError, match=r"Own names the trainer 'nowhere:Kind', which is not to be had: No module named"
    ):
        kind_of(load_registry(registry=file))
