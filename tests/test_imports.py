import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ablate

ROOT = Path(__file__).resolve().parent.parent

# What reads results; one that is there must stand in the contract, which may name more.
TORCH_FREE = ("engine", "errors", "formats", "plots", "report", "stats", "store", "study", "watch")


@pytest.fixture(scope="module")
def contract() -> dict[str, list[str]]:
    """The import contract that keeps torch out."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (contract for contract in contracts if contract["type"] == "forbidden")
    return found


def importable_without_torch(module: str) -> subprocess.CompletedProcess[str]:
    program = f"import {module}, sys; loaded = sys.modules.keys() & {{'torch', 'torchvision'}}; sys.exit(str(loaded) if loaded else 0)"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)


def test_the_package_and_its_command_line_start_without_torch() -> None:
    done = importable_without_torch("ablate.cli")
    assert done.returncode == 0, done.stderr


def test_the_command_line_starts_without_what_only_some_commands_need() -> None:
    program = (
        "import ablate.cli, sys; print(*sorted({'pandas', 'scipy', 'matplotlib', 'statsmodels'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_what_reads_results_loads_no_torch(contract: dict[str, list[str]]) -> None:
    # One process for all of them: only if torch came in is each asked alone, to find which one brought it.
    modules = contract["source_modules"]
    together = importable_without_torch(", ".join(modules))
    guilty = (
        [module for module in modules if importable_without_torch(module).returncode] if together.returncode else []
    )
    assert together.returncode == 0, f"{guilty}: {together.stderr}"


def test_the_check_itself_sees_torch() -> None:
    done = importable_without_torch("ablate.parts.network")
    assert done.returncode == 1
    assert "'torch'" in done.stderr


def test_the_contract_names_what_reads_results(contract: dict[str, list[str]]) -> None:
    (folder,) = (Path(path) for path in ablate.__path__)
    there = [
        f"ablate.{name}"
        for name in TORCH_FREE
        if (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
    ]
    missing = sorted(set(there) - set(contract["source_modules"]))
    assert missing == [], "add them to source_modules of the torch-free contract in pyproject.toml"
    assert contract["forbidden_modules"] == ["torch", "torchvision"]


def test_import_contracts_hold() -> None:
    assert importlib.util.find_spec("importlinter"), "import-linter belongs to the dev extra: pip install -e '.[dev]'"
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", program, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("script", ["run", "readme-commands"])
def test_ci_scripts_can_be_started(script: str) -> None:
    assert (ROOT / ".ci" / script).stat().st_mode & 0o111
    subprocess.run(["bash", "-n", ROOT / ".ci" / script], check=True)


def readme_commands(readme: Path) -> subprocess.CompletedProcess[str]:
    script = ROOT / ".ci" / "readme-commands"
    return subprocess.run([script, readme, "run the tests"], capture_output=True, text=True)


def test_ci_takes_the_block_after_the_words(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(
        "# x\n```sh\nother\n```\nTo Run the Tests:\n\n```python\nno\n```\n\n```sh\nfirst '$a' && \\\n  more\nsecond\n```\n"
        "```sh\nthird\n```\n"
    )
    assert readme_commands(readme).stdout == "first '$a' && \\\n  more\nsecond\n"


@pytest.mark.parametrize("text", ["```sh\nls\n```\n", "run the tests\n", "run the tests\n```sh\nunclosed\n"])
def test_ci_says_that_the_block_is_missing(text: str, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(text)
    done = readme_commands(readme)
    assert done.returncode == 1
    assert 'No sh block follows the words "run the tests"' in done.stderr
