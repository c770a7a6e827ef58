"""The interleaved clock: what stretches a run has, how arms take turns, and what their whole runs' times are composed of."""

from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
import torch
from torch import nn

from ablate.lineages.loading import load_registry
from ablate.parts import NoCompile, Scale
from ablate.recipes.images import ImageRecipe, windows_of
from ablate.training import interleaved, rounds
from ablate.training.compilation import CompileCount
from ablate.training.interleaved import TURN_SECONDS, Player, composed, interleave
from ablate.training.kinds import TrialFailure
from ablate.training.outcome import RESET, Label, Outcome, Run, drained, loop_of
from ablate.training.session import Clock, DeviceImages, Mark, Streams
from tests.sgd_recipes import REGISTRIES
from tests.tiny_training import CPU, tiny_images

IMAGES = tiny_images(40)
EVERY_REGISTRY = {"airbench94_muon": load_registry(), **REGISTRIES}


def tiny(recipe: Any, batch_size: int = 4, epochs: float = 3.0) -> ImageRecipe:
    """Ten steps an epoch from the images here."""
    scale = Scale(width=0.01, batch=batch_size / recipe.batch_size, epochs=epochs / recipe.epochs)
    return cast(ImageRecipe, replace(recipe, scale=scale, compiler=NoCompile()))


RECIPES = {
    f"{name}, {names}": tiny(registry.compose(registry.names if names == "all" else ()))
    for name, registry in EVERY_REGISTRY.items()
    for names in ("baseline", "all")
}
MUON = EVERY_REGISTRY["airbench94_muon"]
RECIPES["airbench94_muon, past"] = tiny(MUON.compose([*MUON.names, "exact", "beyond"]))


def begun(recipe: ImageRecipe, plan: Any, compiled: Any, clock: Clock, images: DeviceImages = IMAGES) -> Run:
    return loop_of(recipe).stretches(recipe, plan, compiled, images, Streams(3, CPU), clock, lambda network: 0.0)


def network_of(recipe: ImageRecipe) -> Any:
    return loop_of(recipe).build_network(recipe, torch.float32, CPU)


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_has_the_stretches_that_its_counts_say(name: str) -> None:
    recipe = RECIPES[name]
    plan, compiled = recipe.plan(40), network_of(recipe)
    seen = Counter(begun(recipe, plan, compiled, Clock(CPU)))
    assert seen.pop(RESET) == 1
    assert seen == loop_of(recipe).counts(recipe, plan, 40)
    sampled = Counter(begun(recipe, plan.sampled(), compiled, Clock(CPU)))
    assert set(sampled) == {RESET, *seen}
    assert sampled.total() < seen.total()


def test_windows_are_the_runs_own_steps_and_have_every_kind_of_them() -> None:
    kinds = {step: "rare" if step == 47 else "early" if step < 3 else "usual" for step in range(100)}
    windows = windows_of(100, 20, kinds.__getitem__)
    assert windows == (range(5), range(47, 52), range(48, 53), range(95, 100))
    assert windows_of(3, 20, kinds.__getitem__) == (range(3),)


def test_a_sampled_plan_keeps_the_numbers_of_the_whole_run() -> None:
    recipe = RECIPES["airbench94_muon, all"]
    plan = cast(Any, recipe.plan(40))
    sampled = plan.sampled()
    assert (sampled.num_steps, sampled.normalisation_due) == (plan.num_steps, plan.normalisation_due)
    assert [step for epoch in range(sampled.num_epochs) for step in sampled.steps(epoch)][-1] == plan.num_steps - 1


class ToldClock(Clock):
    """Time passes by what runs say that their stretches take."""

    def __init__(self) -> None:
        super().__init__(CPU)
        self.now = 0.0

    def mark(self, *, settled: bool = False) -> Mark:
        return Mark(self.now, self.now)


@dataclass
class Pretended:
    """Runs of fake arms: each a list of (label, seconds), or a fault."""

    clock: ToldClock
    turns: list[str]

    def player(self, name: str, stretches: list[tuple[Label, float]], networks: tuple[nn.Module, ...] = ()) -> Player:
        def run() -> Generator[Label, None, Outcome]:
            for label, seconds in stretches:
                if label == "fault":
                    raise ValueError("it broke")
                if not self.turns or self.turns[-1] != name:
                    self.turns.append(name)
                self.clock.now += seconds
                yield label
            return cast(Outcome, None)

        return Player(begin=run, networks=networks)


@pytest.fixture
def pretended() -> Pretended:
    return Pretended(ToldClock(), [])


def test_arms_take_turns_in_an_order_that_is_reversed_in_every_second_lap(pretended: Pretended) -> None:
    stretches = [(RESET, 5.0), *[("step", TURN_SECONDS)] * 5]
    players = {name: pretended.player(name, stretches) for name in "abc"}
    interleave(players, pretended.clock, seed=1)
    # A turn begins anew with each lap, so the last of one lap is the first of the next.
    first = pretended.turns[:3]
    assert sorted(first) == ["a", "b", "c"]
    assert pretended.turns[3:5] == first[1::-1]
    assert all(player.has_ended and player.sample.failure is None for player in players.values())
    for player in players.values():
        assert player.sample.seconds == {"step": pytest.approx([TURN_SECONDS] * 5)}


def test_short_stretches_share_a_turn_and_long_ones_have_their_own(pretended: Pretended) -> None:
    players = {
        "short": pretended.player("short", [("step", TURN_SECONDS / 3)] * 6),
        "long": pretended.player("long", [("predict", 1.0)] * 2),
    }
    interleave(players, pretended.clock, seed=0)
    # The second lap is the first one reversed, so that the short ones' two turns meet.
    assert pretended.turns == ["long", "short", "long"]
    assert players["long"].sample.total == 2.0


def test_an_arm_that_breaks_ends_alone(pretended: Pretended) -> None:
    players = {
        "sound": pretended.player("sound", [("step", 1.0)] * 3),
        "broken": pretended.player("broken", [("step", 1.0), ("fault", 0.0)]),
    }
    interleave(players, pretended.clock, seed=0)
    assert str(players["broken"].sample.failure) == "it broke"
    assert players["sound"].sample.seconds == {"step": [1.0] * 3}


def test_what_is_compiled_in_an_arms_turn_fails_that_arm(pretended: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    def count_compiles() -> Callable[[], CompileCount]:
        return lambda: CompileCount(2, 2) if pretended.turns[-1] == "cold" else CompileCount(0, 0)

    monkeypatch.setattr(interleaved, "count_compiles", count_compiles)
    players = {name: pretended.player(name, [("step", 1.0)] * 2) for name in ("cold", "warm")}
    interleave(players, pretended.clock, seed=0)
    assert "2 graphs were compiled inside the clock" in str(players["cold"].sample.failure)
    assert players["warm"].sample.failure is None


def test_a_whole_run_is_composed_of_its_stretches() -> None:
    seconds = {"prepare": [2.0], "step": [1.0, 1.0, 1.0, 1.0, 9.0], "predict": [3.0, 5.0]}
    found = composed(seconds, {"prepare": 1, "step": 100, "predict": 1})
    assert (found.train_seconds, found.tta_seconds, found.time_seconds) == (102.0, 4.0, 106.0)


def test_a_stretch_that_was_never_timed_is_no_guess() -> None:
    with pytest.raises(TrialFailure, match=r"No 'augment' was timed, and the whole run has 4\."):
        composed({"step": [1.0]}, {"step": 10, "augment": 4})


@pytest.mark.parametrize(
    "name", ["airbench94_muon, all", "airbench94_muon, past", "airbench96_faster, all", "airbench94, all"]
)
def test_arms_that_share_a_network_train_it_as_each_would_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interleaved, "TURN_SECONDS", 0.0)
    recipe = RECIPES[name]
    other = replace(recipe, label_smoothing=0.0)  # type: ignore[call-arg]
    assert recipe.compile_key() == other.compile_key()
    plan, clock = recipe.plan(40).sampled(), Clock(CPU)

    alone = {}
    for each in (recipe, other):
        alone[each] = drained(begun(each, plan, network_of(each), clock)).tta_logits

    compiled, kept = network_of(recipe), {}

    def watched(each: ImageRecipe) -> Iterator[Label]:
        outcome = yield from begun(each, plan, compiled, clock)
        kept[each] = outcome.tta_logits.clone()

    players = {
        str(number): Player(begin=lambda each=each: cast(Run, watched(each)), networks=compiled.networks)  # type: ignore[misc]
        for number, each in enumerate((recipe, other))
    }
    interleave(players, clock, seed=2)
    assert [player.sample.failure for player in players.values()] == [None, None]
    assert all(torch.equal(kept[each], alone[each]) for each in (recipe, other))
    assert not torch.equal(alone[recipe], alone[other])


@dataclass
class Arm:
    recipe: ImageRecipe
    plan: Any
    compiled: Any


def arms(*names: str) -> dict[str, Arm]:
    recipe = RECIPES["airbench94_muon, baseline"]
    compiled = network_of(recipe)
    return {name: Arm(recipe, recipe.plan(40), compiled) for name in names}


@pytest.mark.parametrize(
    ("fit", "groups"),
    [(9, [["a", "b", "c", "d"]]), (3, [["a", "b", "c"], ["a", "d"]]), (0, [["a", "b"], ["a", "c"], ["a", "d"]])],
)
def test_as_many_arms_at_a_time_as_memory_holds_each_group_with_the_reference(
    fit: int, groups: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []

    def interleaved_alone(players: dict[str, Player], clock: Clock, *, seed: int) -> None:
        seen.append(list(players))
        # The machine is twice as slow for every group as for the one before it.
        for name, player in players.items():
            seconds = (1.0 if name == "a" else 3.0) * 2 ** len(seen)
            counts = loop_of(player_recipe).counts(player_recipe, player_recipe.plan(40), 40)
            player.sample.seconds.update({label: [seconds] for label in counts})

    player_recipe = RECIPES["airbench94_muon, baseline"]
    monkeypatch.setattr(rounds, "interleave", interleaved_alone)
    each = 3 * IMAGES.train_images.numel() * 4
    found = rounds.time_arms(
        arms("a", "b", "c", "d"), dict.fromkeys("abcd", 1), IMAGES, Clock(CPU), order_seed=0, most_bytes=fit * each
    )
    assert seen == groups
    ratios = {name: time.seconds / found["a"].seconds for name, time in found.items()}
    assert ratios == pytest.approx({"a": 1.0, "b": 3.0, "c": 3.0, "d": 3.0})


def test_without_the_reference_nothing_can_be_expressed_through_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(players: dict[str, Player], clock: Clock, *, seed: int) -> None:
        for name, player in players.items():
            player.sample.failure = ValueError("it broke") if name == "a" else None

    monkeypatch.setattr(rounds, "interleave", broken)
    monkeypatch.setattr(rounds, "composed", lambda seconds, counts: interleaved.Composed(1.0, 1.0))
    found = rounds.time_arms(
        arms("a", "b", "c"), dict.fromkeys("abc", 1), IMAGES, Clock(CPU), order_seed=0, most_bytes=0
    )
    assert str(found["a"].failure) == "it broke"
    assert str(found["b"].failure) == "Arm 'a', through which the times of a round are compared, failed in it."
