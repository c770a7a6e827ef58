import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import ablate
from ablate.machine import environment
from tests.fake_programs import NVIDIA_SMI, install
from tests.machine.test_nvidia import UUID

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    cached = (environment._checkout_state, environment._hardware, environment._cuda_properties)
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A committed checkout of this project with only the files that identify it; the package believes to lie in it."""
    for variable in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", environment.COMMIT_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    root = tmp_path / "checkout"
    (root / "ablate").mkdir(parents=True)
    (root / "ablate" / "errors.py").write_text("")
    (root / "pyproject.toml").write_text('[project]\nname = "ablate-recipes"\nversion = "9.8.7"\n')
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "first")
    monkeypatch.setattr(environment, "_PACKAGE_FOLDER", root / "ablate")
    return root


def test_a_clean_checkout_gives_its_commit(checkout: Path) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert environment.source_state() == environment.SourceState("9.8.7", head, False)


@pytest.mark.parametrize(
    ("changed", "dirty"),
    [
        ("ablate/errors.py", True),
        ("ablate/new_feature.py", True),
        ("pyproject.toml", True),
        ("README.md", False),
    ],
)
def test_dirty_means_that_the_package_differs(changed: str, dirty: bool, checkout: Path) -> None:
    with (checkout / changed).open("a") as file:
        file.write("# changed\n")
    assert environment.source_state().dirty is dirty


def test_a_checkout_without_a_commit_has_none(checkout: Path) -> None:
    git(checkout, "update-ref", "-d", "HEAD")
    assert environment.source_state() == environment.SourceState("9.8.7", None, None)


def test_a_hooks_git_variables_do_not_mislead(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert environment.source_state().commit is not None


def test_git_is_asked_once_a_process(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = f"# branch.oid {COMMIT}"
    program = install(tmp_path / "bin", "git", f'echo x >> "$(dirname "$0")/calls.log"; echo "{said}"')
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    commits = {environment.source_state().commit for _ in range(3)}
    assert commits == {COMMIT}
    assert (program.parent / "calls.log").read_text() == "x\n"


def test_a_surrounding_repository_is_not_ours(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Installed into a virtual environment inside some repository, even this project's own checkout.
    installed = checkout / ".venv" / "lib" / "site-packages" / "ablate"
    installed.mkdir(parents=True)
    monkeypatch.setattr(environment, "_PACKAGE_FOLDER", installed)
    monkeypatch.chdir(checkout)
    assert environment.source_state().commit is None
    monkeypatch.setenv(environment.COMMIT_VARIABLE, COMMIT)
    assert (environment.source_state().commit, environment.source_state().dirty) == (COMMIT, None)


def test_a_project_of_another_name_is_not_ours(checkout: Path) -> None:
    (checkout / "pyproject.toml").write_text('[project]\nname = "other"\nversion = "1"\n')
    assert environment.source_state().commit is None


def test_without_git_the_variable_counts(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))
    assert environment.source_state().commit is None
    monkeypatch.setenv(environment.COMMIT_VARIABLE, COMMIT)
    assert environment.source_state() == environment.SourceState("9.8.7", COMMIT, None)


def test_describes_this_machine_in_flat_facts() -> None:
    described = environment.describe("cpu", "bfloat16", {"memory_format": "channels_last"})
    facts = described.facts
    assert facts["torch"] == torch.__version__
    assert facts["numpy"] == np.__version__
    assert (facts["compute_dtype"], facts["memory_format"], facts["device"]) == ("bfloat16", "channels_last", "cpu")
    assert facts["threads"] == torch.get_num_threads()
    assert facts["device_name"] == facts["cpu_model"]
    assert all(isinstance(value, str | int | float | bool | None) for value in facts.values())
    assert len(described.digest) == 64


def test_the_same_trial_after_trial_but_for_what_changed() -> None:
    first = environment.describe("cpu", "float32")
    assert environment.describe("cpu", "float32").digest == first.digest
    assert environment.describe("cpu", "bfloat16").digest != first.digest


def test_programs_are_asked_once_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    known = environment.describe("cpu", "float32")

    def no_program(*_: object, **__: object) -> None:
        raise AssertionError("a program is run for every trial")

    monkeypatch.setattr(subprocess, "Popen", no_program)
    assert environment.describe("cpu", "float32") == known
    assert environment.gpu_state("cpu") is None


def test_extra_facts_cannot_replace_ours() -> None:
    with pytest.raises(ValueError, match="repeat torch, which the environment records itself"):
        environment.describe("cpu", "float32", {"torch": "9"})


@pytest.fixture
def fake_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "bin", "nvidia-smi", NVIDIA_SMI)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setenv("FAKE_GPU", UUID)
    second = SimpleNamespace(name="NVIDIA A100", total_memory=40 * 2**30, uuid=UUID.removeprefix("GPU-"))
    first = SimpleNamespace(name="another", total_memory=1, uuid="0")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda ordinal: (first, second)[ordinal])


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize("device", ["cuda:1", "cuda"])
def test_a_cuda_device_is_found_by_its_uuid(device: str) -> None:
    state = environment.gpu_state(device)
    assert state is not None
    assert state["sm_clock_mhz"] == 1410.0
    facts = environment.describe(device, "float16").facts
    assert (facts["device_name"], facts["device_memory_bytes"]) == ("NVIDIA A100", 40 * 2**30)
    assert facts["driver"] == "550.54.15"


@pytest.mark.usefixtures("fake_gpu")
@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:7", "cuda:x", "mps"])
def test_elsewhere_there_is_no_gpu_state(device: str) -> None:
    assert environment.gpu_state(device) is None


def test_the_compiler_is_the_one_inductor_takes() -> None:
    from torch._inductor import config

    assert environment.cpp_compiler() == shutil.which(config.cpp.cxx[1])


def test_the_compiler_is_found_on_the_path_or_by_cxx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    assert environment.cpp_compiler() is None
    usual = install(tmp_path, "clang++" if sys.platform == "darwin" else "g++", "echo 'g++ 1.2'; echo more")
    assert environment.cpp_compiler() == str(usual)
    assert environment.compiler_version(str(usual)) == "g++ 1.2"
    other = install(tmp_path / "other", "my-c++", "exit 1")
    monkeypatch.setenv("CXX", str(other))
    assert environment.cpp_compiler() == str(other)
    assert environment.compiler_version(str(other)) is None
    monkeypatch.setenv("CXX", "absent-c++")
    assert environment.cpp_compiler() is None


def test_the_version_has_one_source_of_truth(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.package_version() == "9.8.7"
    assert ablate.__version__ == "9.8.7"
    assert "__version__" in dir(ablate)
    (checkout / "pyproject.toml").unlink()
    monkeypatch.setattr(environment, "installed_version", lambda distribution: "1.2.3")
    assert ablate.__version__ == "1.2.3"
    monkeypatch.setattr(environment, "installed_version", lambda distribution: None)
    assert ablate.__version__ == "0+unknown"


def test_a_bare_checkout_knows_its_version(tmp_path: Path) -> None:
    """Nothing installed, only a path: as `PYTHONPATH=. python` in a fresh clone."""
    root = Path(environment.__file__).resolve().parents[2]
    program = (
        f"import sys; sys.path[:0] = [{str(root)!r}]; import ablate; print(ablate.__version__, 'torch' in sys.modules)"
    )
    # Without site-packages there is no metadata to ask.
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == f"{environment._checkout_version(root)} False\n", done.stderr
