"""An average that is evaluated and that training never sees."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from ablate.lineages.germer.baseline import PAGE_2019
from ablate.parts import LastWeights, Scale, WeightAverage
from ablate.parts.convnet import TrainedNetwork
from ablate.parts.evaluated import Shadow
from ablate.training import sgd_loop
from ablate.training.session import Clock, Streams
from tests.tiny_sgd import CPU, network_of, run
from tests.tiny_training import tiny_images

# Two ghost batches of sixteen images.
RECIPE = replace(PAGE_2019.scaled(Scale(width=0.01, batch=32 / 512, epochs=0.3)), norm_splits=32)
IMAGES = tiny_images(6 * 32, 20)


def test_it_is_moved_at_the_first_step_of_every_epoch_and_every_fifth_from_there() -> None:
    due = WeightAverage().due(970, 97)
    steps = [step for step, is_due in enumerate(due) if is_due]
    assert len(steps) == 200
    assert [step % 97 for step in steps] == [*range(0, 97, 5)] * 10
    assert LastWeights().due(3, 2) == (False,) * 3


def test_the_recipe_has_two_ghost_batches_and_eighteen_steps_of_which_six_move_the_average() -> None:
    plan = RECIPE.plan(6 * 32)
    assert (RECIPE.splits, plan.num_steps, plan.steps_per_epoch, sum(plan.evaluated_due)) == (2, 18, 6, 6)
    assert {plan.kind_of_step(0), plan.kind_of_step(1)} == {
        "step and first bias and moving what is evaluated",
        "step and first bias",
    }


def test_training_never_sees_it_and_prediction_does() -> None:
    """The same steps with and without; the average is a naive one of the states that they left."""
    networks: list[TrainedNetwork] = []
    states: list[dict[str, Tensor]] = []

    def keep_state() -> None:
        state = networks[0].state_dict()
        states.append({name: value.clone() for name, value in state.items() if value.is_floating_point()})

    class Watching(WeightAverage):
        def begin(self, network: TrainedNetwork) -> Shadow:
            networks.append(network)
            keep_state()
            return super().begin(network)

        def after_step(self, shadow: Shadow, is_due: bool) -> None:
            keep_state()
            super().after_step(shadow, is_due)

    averaged = run(replace(RECIPE, evaluated=Watching()), IMAGES)
    plain = run(replace(RECIPE, evaluated=LastWeights()), IMAGES)
    for before, again in zip(averaged.before_step, plain.before_step, strict=True):
        assert all(torch.equal(value, again[name]) for name, value in before.items())
    kept, *later = states
    for step, state in enumerate(later):
        if step % 6 % 5 == 0:
            kept = {name: 0.99**5 * value + (1 - 0.99**5) * state[name] for name, value in kept.items()}
        if step == 5:
            for name, value in kept.items():
                if "running" in name:
                    kept[name] = value.view(2, -1).mean(0).repeat(2)
    for name, value in kept.items():
        torch.testing.assert_close(averaged.weights[name], value)
    assert any(not torch.equal(averaged.weights[name], plain.weights[name]) for name in kept)


def test_validation_sees_what_prediction_will_and_leaves_training_as_it_was() -> None:
    seen: list[dict[str, Tensor]] = []

    def validate(network: nn.Module) -> float:
        network.eval()
        network(torch.rand(3, 3, 32, 32))
        seen.append({name: value.clone() for name, value in network.state_dict().items()})
        return 0.0

    compiled = sgd_loop.build_network(RECIPE, torch.float32, CPU)
    plan = RECIPE.plan(6 * 32)
    outcome = sgd_loop.train(RECIPE, plan, compiled, IMAGES, Streams(0, CPU), Clock(CPU), validate)
    unseen = run(RECIPE, IMAGES)
    assert unseen.outcome is not None
    assert torch.equal(outcome.tta_logits, unseen.outcome.tta_logits)
    assert len(seen) == 3
    assert all(torch.equal(value, unseen.weights[name]) for name, value in seen[-1].items())
    assert not torch.equal(seen[0]["head.linear.weight"], seen[1]["head.linear.weight"])


def test_evaluation_sees_the_first_ghost_batch_with_an_average_and_the_mean_without() -> None:
    network = network_of(RECIPE)
    shares = [value for name, value in network.named_buffers() if name.endswith("split_shares")]
    assert len(shares) == 8
    shadow = WeightAverage().begin(network)
    assert {tuple(each.flatten().tolist()) for each in shares} == {(1.0, 0.0)}
    assert len(shadow.split_statistics) == 16
    LastWeights().begin(network)
    assert {tuple(each.flatten().tolist()) for each in shares} == {(0.5, 0.5)}


def test_a_network_gets_its_own_state_back_where_validation_fails() -> None:
    network = network_of(RECIPE)
    shadow = WeightAverage().begin(network)
    weight = network.head.linear.weight  # type: ignore[union-attr]
    trained = torch.full_like(weight, 2.0)  # type: ignore[arg-type]
    weight.data.copy_(trained)  # type: ignore[union-attr, operator]

    def fail() -> None:
        with WeightAverage().in_network(shadow):
            assert not torch.equal(weight, trained)  # type: ignore[arg-type]
            raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        fail()
    assert torch.equal(weight, trained)  # type: ignore[arg-type]
