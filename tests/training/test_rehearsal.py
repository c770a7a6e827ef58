"""Parts of the user's own are tried for a few steps where a study is only planned."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from ablate.errors import UsageError
from ablate.lineages.airbench94.baseline import AIRBENCH94_PLAIN
from ablate.lineages.loading import load_registry
from ablate.parts import Order, RandomSubset, SquareCutout
from ablate.recipes.feature import Feature
from ablate.recipes.registry import Registry
from ablate.study.arms import Arm
from ablate.study.groups import Group
from ablate.study.user_files import run_user_file
from ablate.training import muon_loop
from ablate.training.rehearsal import rehearse
from tests.tiny_study import CommandLine, make_everything_tiny

CPU = torch.device("cpu")

PARTS = """from dataclasses import dataclass
import torch
import ablate
from ablate.parts import *

@dataclass(frozen=True, kw_only=True)
class NoReturn(RateSchedule):
    def factor(self, step, num_steps):
        1.0

@dataclass(frozen=True, kw_only=True)
class Lopsided(Jitter):
    def jitter(self, images_NCHW, generator, compiler):
        return images_NCHW + torch.ones(3)

@dataclass(frozen=True, kw_only=True)
class Few(TestTimeAugmentation):
    def logits(self, predict, images_NCHW, compiler):
        return predict(images_NCHW)[:3]

@dataclass(frozen=True, kw_only=True)
class Noisy(Jitter):
    spread: float = 0.01
    def jitter(self, images_NCHW, generator, compiler):
        return images_NCHW + self.spread * torch.rand_like(images_NCHW)

def made(name, **patch):
    return ablate.Feature(name=name, group="mine", summary="Mine.", patch=patch, source="here")

GROUP = ablate.Group(slug="mine", title="Mine", published_percent=None, source="here")
FEATURES = [
    made("no_return", schedule=NoReturn()),
    made("lopsided", jitter=Lopsided()),
    made("few", tta=Few()),
    made("noisy", jitter=Noisy()),
    made("hot", filter_rate=0.3),
]
"""


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(PARTS)
    return load_registry(features_from=tmp_path / "own.py")


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The recipes that were trained."""
    seen: list[object] = []
    train = muon_loop.train

    def watched(recipe, *rest):  # type: ignore[no-untyped-def]
        seen.append(recipe)
        return train(recipe, *rest)

    monkeypatch.setattr(muon_loop, "train", watched)
    return seen


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_everything_tiny(monkeypatch, tmp_path)
    return tmp_path


def arm(*names: str) -> Arm:
    return Arm(name=" + ".join(names) or "baseline", features=frozenset(names))


FAILING = {
    "no_return": "Arm 'no_return' fails in a rehearsal of a few steps on cpu, with NoReturn() as schedule: TypeError: unsupported operand",
    "lopsided": "own.py, line 14: Arm 'lopsided' fails in a rehearsal of a few steps on cpu, with Lopsided() as jitter: RuntimeError: ",
    "few": "Arm 'few' predicts a tensor of shape (3, 10) of 16 images, with Few() as tta; logits are (N, 10).",
}


@pytest.mark.parametrize("name", FAILING)
def test_a_part_that_fails_is_named_before_anything_is_trained(registry: Registry, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        rehearse(registry, [arm(), arm("silu"), arm(name)], CPU)
    assert str(caught.value).startswith(FAILING[name])
    assert len(str(caught.value).splitlines()) == 1


def test_what_was_called_can_be_looked_up(registry: Registry) -> None:
    with pytest.raises(UsageError, match="`ablate features --slots jitter` says what is called with what"):
        rehearse(registry, [arm("lopsided")], CPU)


def test_a_part_that_works_is_tried_once(registry: Registry, trainings: list[object]) -> None:
    rehearse(registry, [arm("noisy"), arm("noisy", "silu"), arm("noisy", "tuning")], CPU)
    assert len(trainings) == 1


def test_the_packages_own_parts_are_not_tried(registry: Registry, trainings: list[object]) -> None:
    rehearse(registry, [arm(), arm("hot"), arm(*load_registry().names)], CPU)
    assert trainings == []


def test_draws_from_pytorchs_own_stream_are_not_shifted(registry: Registry) -> None:
    before = torch.get_rng_state()
    rehearse(registry, [arm("noisy")], CPU)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_recipe_that_uses_few_of_its_images_is_rehearsed_on_more(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(PARTS)
    own = {value.name: value for value in run_user_file(tmp_path / "own.py")["FEATURES"]}
    few = replace(own["hot"], name="few", patch={"subset": RandomSubset(fraction=0.01)})
    registry = Registry(
        AIRBENCH94_PLAIN,
        [own["no_return"], few],
        [Group(slug="mine", title="Mine", published_percent=None, source="here")],
    )
    with pytest.raises(UsageError, match="fails in a rehearsal of a few steps on cpu, with NoReturn"):
        rehearse(registry, [arm("no_return", "few")], CPU)
    steady = replace(own["no_return"], patch={"cutout": OwnCutout(size=3)})
    rehearse(Registry(AIRBENCH94_PLAIN, [steady, few], registry.groups.values()), [arm("no_return", "few")], CPU)


@dataclass(frozen=True, kw_only=True)
class Piling(Order):
    """Deals all images as one batch."""

    def deal(
        self, num_images: int, batch_size: int, num_batches: int, pending: int, generator: torch.Generator
    ) -> tuple[torch.Tensor, ...]:
        return (torch.arange(num_images),)


@dataclass(frozen=True, kw_only=True)
class OwnCutout(SquareCutout):
    """A cutout that does not come with the package."""


@pytest.mark.timeout(30)
def test_an_order_that_never_fills_a_batch_is_refused() -> None:
    group = Group(slug="mine", title="Mine", published_percent=None, source="here")
    piling = Feature(name="piling", group="mine", summary="Piles.", patch={"order": Piling()}, source="here")
    with pytest.raises(
        UsageError, match=r"with Piling\(\) as order: ValueError: the order dealt 16 images where a batch"
    ):
        rehearse(Registry(AIRBENCH94_PLAIN, [piling], [group]), [arm("piling")], CPU)


def test_a_dry_run_rehearses(here: Path, ablate: CommandLine) -> None:
    (here / "own.py").write_text(PARTS)
    words = ["run", "--features-from", "own.py", "--dry-run", "--from", "baseline", "--enable"]
    ablate(*words, "lopsided").refused(2, "own.py, line 14: Arm 'baseline + lopsided' fails in a rehearsal")
    assert "baseline + noisy" in ablate.ok(*words, "noisy").out
