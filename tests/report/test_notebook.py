"""What a study found, as a notebook shows it."""

import re
from pathlib import Path

import pytest

import ablate
from ablate.report import notebook
from ablate.store.run_folder import RunFolder
from ablate.study import Arm, Contrast, Design
from tests.report.build import failed, resolved, trials_of, write_folder

EVIL = "<script>window.stolen=1</script><img src=x onerror='window.stolen=2'>"


@pytest.fixture(scope="module")
def ladder_html(ladder_folder: Path) -> str:
    return str(ablate.open_results(ladder_folder)._repr_html_())


def test_it_has_the_answer_the_effects_and_the_figure(ladder_html: str, ladder_folder: Path) -> None:
    results = ablate.open_results(ladder_folder)
    assert "All together: saves " in ladder_html
    rows = re.findall(r"<tr><th>(.*?)<small>", ladder_html)
    assert rows[:2] == ["Vectorised Optimiser", "Data Augmentation"]
    assert len(rows) == len(results.effects)
    assert re.search(r'<span class="better">better</span><small>p \(Holm\)', ladder_html)
    assert ladder_html.count("<svg") == 1
    assert 'id="waterfall-' in ladder_html
    assert f"Run folder: {ladder_folder}" in ladder_html
    assert repr(results) == f"Results('{ladder_folder}')"


def test_caveats_come_first_and_a_study_without_a_ladder_draws_its_effects(features_folder: Path) -> None:
    text = ablate.open_results(features_folder)._repr_html_()
    assert 0 < text.index('<ul class="caveats">') < text.index("<table>")
    assert "Preset &#39;mini&#39; trains a smaller recipe" in text
    assert 'id="effects-' in text


def test_several_in_one_notebook_share_no_id(ladder_html: str, features_folder: Path, tmp_path: Path) -> None:
    study = RunFolder.open(features_folder).resolved
    fewer = write_folder(tmp_path / "run", study, trials_of(study)[:-1])
    ids = [
        set(re.findall(r'\bid="([^"]+)"', text))
        for text in (ladder_html, *(ablate.open_results(path)._repr_html_() for path in (features_folder, fewer)))
    ]
    assert min(map(len, ids)) > 10
    assert len(set.union(*ids)) == sum(map(len, ids))


def test_a_study_without_trials_or_contrasts_is_shown_and_names_are_only_text(tmp_path: Path) -> None:
    arms = (Arm(name="baseline", features=frozenset()), Arm(name=EVIL, features=frozenset({"silu"})))
    contrast = Contrast(subject=EVIL, with_arm=EVIL, without_arm="baseline", kind="pair")
    study = resolved(Design(arms=arms, contrasts=(contrast,)), blocks=6, processes=2)
    trials = trials_of(study)
    trials[0] = failed(trials[0], EVIL)
    text = ablate.open_results(write_folder(tmp_path / "evil", study, trials))._repr_html_()
    assert "<script" not in text
    assert "<img" not in text
    alone = resolved(Design(arms=arms[:1], contrasts=()))
    text = ablate.open_results(write_folder(tmp_path / "alone", alone))._repr_html_()
    assert "<th>arm</th>" in text
    nothing = ablate.open_results(write_folder(tmp_path / "nothing", study, []))._repr_html_()
    assert "Nothing can be concluded yet: no trial has finished." in nothing


def test_a_large_figure_is_left_out(ladder_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "LARGEST_FIGURE", 1000)
    text = ablate.open_results(ladder_folder)._repr_html_()
    assert "<svg" not in text
    assert "All together: saves " in text


def test_colours_follow_the_notebook(ladder_html: str) -> None:
    style = ladder_html[: ladder_html.index("</style>")]
    drawing = ladder_html[ladder_html.index("<svg") :]
    named = set(re.findall(r"var\((--\w+)\)", drawing))
    assert named
    for name in named:
        assert style.count(f"{name}: #") == 2, "one colour for light notebooks, one for dark ones"
    assert "body[data-jp-theme-light=false] .ablate-shown" in style
