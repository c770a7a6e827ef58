"""The notebook for newcomers, and what a notebook shows while a study runs: both executed by a kernel."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")

ROOT = Path(__file__).resolve().parent.parent
TOUR = ROOT / "studies" / "tour.ipynb"

# What the libraries of notebooks say of each other is not about us.
pytestmark = pytest.mark.filterwarnings("default")


def code_of(notebook: Any) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")


@pytest.fixture
def executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], dict[str, Any]]:
    """Executes a notebook in an empty folder; its code cells by their ids."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("ABLATE_DATA_DIR", str(tmp_path / "data-home"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))

    def execute(notebook: Any) -> dict[str, Any]:
        resources = {"metadata": {"path": str(tmp_path)}}
        nbclient.NotebookClient(notebook, timeout=800, kernel_name="python3", resources=resources).execute()
        return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}

    return execute


def html_of(cell: Any) -> str:
    (told,) = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
    return str(told)


def test_the_tour_is_kept_without_outputs_and_names_only_what_there_is() -> None:
    import ablate

    notebook = nbformat.read(TOUR, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert {cell.execution_count for cell in cells} == {None}
    tree = ast.parse(code_of(notebook))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ablate"
    }
    assert {"load_registry", "run", "Study", "Feature", "plots"} <= used <= set(ablate.__all__)
    registry = ablate.load_registry()
    assert {"selective_tta", "tuning"} <= set(registry.names)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tour_ends_where_it_says(executed: Callable[[Any], dict[str, Any]]) -> None:
    cells = executed(nbformat.read(TOUR, as_version=4))
    assert "published: 5.17 %" in html_of(cells["registry"])
    assert "3 arms × 5 blocks = 15 trainings in one process" in html_of(cells["study"])
    assert "</span></span> 15/15" in html_of(cells["run"])
    found = html_of(cells["results"])
    assert [name for name in re.findall(r"<tr><th>(\w+)<small>", found)] == ["selective_tta", "tuning"]
    assert "Times come from one process" in found
    assert "<svg" in found
    assert "score_verdict" in html_of(cells["effects"])
    assert cells["csv"].outputs[0].data["text/plain"] == "15"
    assert "<svg" in cells["figure"].outputs[0].data["image/svg+xml"]
    assert "<td>LinearDecay()</td><td>CosineDecay()</td>" in html_of(cells["own"])
    progress, results = (
        output.data["text/html"] for output in cells["own-study"].outputs if "text/html" in output.get("data", {})
    )
    assert "</span></span> 4/4" in progress
    assert "Fewer than 5 blocks: numbers and no verdict." in results


@pytest.mark.slow
def test_a_cell_shows_one_progress_however_many_trials(executed: Callable[[Any], dict[str, Any]]) -> None:
    code = (
        "from ablate.cli.starts.python import REGISTRY\n"
        "import ablate\n"
        "study = ablate.Study.leave_one_out(REGISTRY, blocks=60, processes=1)\n"
        "results = ablate.run(study, registry=REGISTRY, out='run')"
    )
    cell = nbformat.v4.new_code_cell(code, id="run")
    quiet = nbformat.v4.new_code_cell(code.replace("out='run'", "out='quiet', on_event=print"), id="quiet")
    cells = executed(nbformat.v4.new_notebook(cells=[cell, quiet]))
    (output,) = (output for output in cells["run"].outputs if output.output_type == "display_data")
    assert "</span></span> 180/180" in output.data["text/html"]
    assert "Run folder: run<" in output.data["text/html"]
    assert [output.output_type for output in cells["run"].outputs if output.output_type == "stream"] == []
    assert all(output.output_type == "stream" for output in cells["quiet"].outputs)
