"""Figures of run folders, from Python and from the command line."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ablate import plots
from ablate.cli.figure import figure
from ablate.errors import UsageError
from ablate.lineages.airbench94_muon.lineage import GROUPS, LADDERS
from ablate.stats.evidence import Evidence
from ablate.store.records import Environment, FinishedTrial, Measurements, RecipeRecord, Trial
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.study import Study, ladder, leave_one_out, lengths
from tests.plots.looking import all_words, figure_of
from tests.plots.material import SLUGS

ENVIRONMENT = Environment(facts={"device_name": "Stand-in 9000"})


def folder_of(path: Path, study: Study, *, status: str = "ok", data: tuple[str, ...] = ("synthetic",)) -> Path:
    """A run folder whose trials take 2 s less 1 % a feature; blocks go round the data sets."""
    resolved = ResolvedStudy(
        study=study,
        schedule=study.schedule(),
        arm_features={arm.name: tuple(sorted(arm.features)) for arm in study.arms},
        fingerprints={arm.name: arm.name for arm in study.arms},
        features=(),
        groups=GROUPS,
        preset="mini",
        device="cpu",
        data=data[0],
        data_digest=data[0],
        created_at=datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
    )
    folder = RunFolder.create(resolved, path)
    with folder.open_store() as store:
        for spec in resolved.schedule:
            features = resolved.arm_features[spec.arm]
            recipe = RecipeRecord(fingerprint=spec.arm, features=features, fields={})
            noise = (spec.seed % 1000) / 1e6
            measured = Measurements(
                accuracy=0.93 + noise, score=0.94 + noise, time_seconds=2 * 0.99 ** len(features) + noise
            )
            trial = Trial(
                spec=spec,
                status=status,
                process=spec.process,
                started_at=f"2026-01-01T00:00:{spec.block:02d}+00:00",
                recipe=recipe.digest,
                environment=ENVIRONMENT.digest,
                data=data[spec.block % len(data)],
                data_digest=data[spec.block % len(data)],
                measurements=measured if status == "ok" else None,
            )
            store.append(FinishedTrial(trial=trial, recipe=recipe, environment=ENVIRONMENT))
    return folder.path


LADDER = Study.of(ladder(SLUGS), name="rungs", question="Which?", blocks=6, processes=3)
LEAVE_ONE_OUT = Study.of(leave_one_out(SLUGS[:2]), name="tops", question="Which?", blocks=6, processes=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return folder_of(tmp_path_factory.mktemp("runs") / "one", LADDER)


def run(*arguments: str):
    app = typer.Typer()
    app.command()(figure)
    return CliRunner().invoke(app, list(arguments))


def test_the_kinds_are_those_of_the_command(folder: Path) -> None:
    assert plots.KINDS == (
        "waterfall",
        "effects",
        "frontier",
        "distribution",
        "curves",
        "interactions",
        "shapley",
        "history",
    )


@pytest.mark.parametrize("kind", ["waterfall", "frontier"])
def test_a_folder_gives_titles_hardware_data_and_preset(folder: Path, kind: str) -> None:
    words = all_words(plots.draw(kind, folder))
    assert "Stand-in 9000; data synthetic; mini preset" in words
    if kind == "waterfall":
        assert "Test-Time Augmentation" in words
        assert "n = 6 blocks of 7 arms in 3 processes" in words


def test_evidence_read_once_draws_the_same(folder: Path) -> None:
    evidence = Evidence.read(folder)
    assert evidence.players == SLUGS
    assert plots.to_svg(plots.draw("effects", evidence)) == plots.to_svg(plots.draw("effects", folder))


def test_arms_stand_in_the_order_of_the_study_however_their_block_was_shuffled(folder: Path) -> None:
    axes = plots.draw("distribution", folder).axes[0].child_axes[0]
    names = [label.get_text().replace("\n", "") for label in axes.get_yticklabels()]
    assert names == [arm.name for arm in LADDER.arms]
    assert names != list(dict.fromkeys(Evidence.read(folder).frame["arm"]))


def test_what_a_study_cannot_show_is_said(folder: Path, tmp_path: Path) -> None:
    tops = folder_of(tmp_path / "tops", LEAVE_ONE_OUT)
    words = (
        r"Study 'tops' is not a ladder. A waterfall needs a ladder, arms that each add a step to the one before; "
        "the studies waterfall, "
    )
    with pytest.raises(UsageError, match=words):
        plots.draw("waterfall", tops)
    with pytest.raises(UsageError, match="equal accuracy needs 3"):
        plots.draw("waterfall", folder, equal_accuracy=True)
    with pytest.raises(UsageError, match="run the study with --curves"):
        plots.draw("curves", folder)
    with pytest.raises(UsageError, match="`ablate study run shapley`"):
        plots.draw("shapley", folder)
    with pytest.raises(UsageError, match="`ablate study run shapley`"):
        plots.draw("interactions", folder)


def test_failed_trials_and_mixed_data_are_said(tmp_path: Path) -> None:
    failed = folder_of(tmp_path / "failed", LEAVE_ONE_OUT, status="failed")
    with pytest.raises(UsageError, match=r"Study 'tops' has no usable trial yet \(18 failed\)"):
        plots.draw("frontier", failed)
    mixed = folder_of(tmp_path / "mixed", LEAVE_ONE_OUT, data=("synthetic", "cifar10"))
    with pytest.raises(UsageError, match=r"These trials mix data sets, synthetic .* cifar10"):
        plots.draw("distribution", mixed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("waterfal",), "There is no figure 'waterfal'. Did you mean 'waterfall'?"),
        (("effects",), "Name a run folder: `ablate figure effects DIR`"),
        (("effects", "--published"), "--published belongs to the waterfall"),
        (("frontier", "--equal-accuracy"), "--equal-accuracy belongs to the waterfall"),
        (("waterfall", "--published", "-o", "x.gif"), "a figure is an .svg, .pdf or .png file"),
        (("waterfall", "--published", "--width", "1"), "A figure cannot be 1 inches wide"),
        (("waterfall", "--published", "--theme", "ligt"), "Did you mean 'light'?"),
        (("waterfall", "no_such_folder"), "There is no run folder 'no_such_folder'."),
    ],
)
def test_wrong_usage_is_one_sentence(arguments: tuple[str, ...], message: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*arguments)
    assert isinstance(outcome.exception, UsageError)
    assert outcome.exception.exit_code == 2
    assert message in str(outcome.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_published_figure_lands_in_the_current_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run("waterfall", "--published")
    assert (outcome.exit_code, outcome.stdout) == (0, "waterfall.svg\n")
    expected = plots.to_svg(figure_of(plots.waterfall(published=LADDERS[0])))
    assert (tmp_path / "waterfall.svg").read_text() == expected


def test_a_folders_figure_lands_in_its_figures_and_its_path_is_printed(folder: Path, tmp_path: Path) -> None:
    outcome = run("waterfall", str(folder), "--published", "--theme", "dark")
    assert outcome.stdout == f"{folder}/figures/waterfall.svg\n"
    assert "published" in (folder / "figures" / "waterfall.svg").read_text()
    elsewhere = tmp_path / "x.pdf"
    assert run("effects", str(folder), "-o", str(elsewhere)).exit_code == 0
    assert elsewhere.read_bytes().startswith(b"%PDF")


def test_a_frontier_of_ladders_at_lengths_names_both_ends_whatever_they_are_called(tmp_path: Path) -> None:
    study = Study.of(lengths(ladder(SLUGS)), name="long", question="?", blocks=2, processes=2)
    words = all_words(plots.draw("frontier", folder_of(tmp_path / "run", study)))
    assert f"+ {SLUGS[-1]} " in f"{words} "
    assert "baseline, another length" in words
