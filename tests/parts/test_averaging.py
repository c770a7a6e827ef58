import numpy as np
import pytest
import torch

from ablate.parts import Lookahead, NoAveraging, WrittenBackEma


def moved_by_hand(steps: int, every: int) -> tuple[np.ndarray, np.ndarray]:
    """A network of two numbers that gain 1 and 10 a step, averaged as the recipes do: its values, and the average's."""
    network, average = np.array([0.0, 0.0]), np.array([0.0, 0.0])
    for step in range(1, steps + 1):
        network = network + np.array([1.0, 10.0])
        if step % every == 0:
            alpha = 0.95**every * (step / steps) ** 3
            average = alpha * average + (1 - alpha) * network
            network = average.copy()
        if step == steps:
            network = average.copy()
    return network, average


def moved(lookahead: Lookahead, steps: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    state = [torch.zeros(1), torch.zeros(1)]
    kept = lookahead.begin(state)
    for step in range(1, steps + 1):
        state[0] += 1
        state[1] += 10
        lookahead.after_step(kept, state, step, steps)
    return state, kept


@pytest.mark.parametrize("steps", [4, 5, 6, 23, 100])
@pytest.mark.parametrize("every", [1, 5])
def test_the_network_goes_on_from_the_average(steps: int, every: int) -> None:
    state, kept = moved(Lookahead(every=every), steps)
    network, average = moved_by_hand(steps, every)
    assert torch.cat(state).tolist() == pytest.approx(network.tolist(), rel=1e-5)
    assert torch.cat(kept).tolist() == pytest.approx(average.tolist(), rel=1e-5)


def test_steps_after_the_last_average_are_thrown_away() -> None:
    lookahead, state = Lookahead(), [torch.zeros(1)]
    kept = lookahead.begin(state)
    after: list[float] = []
    for step in range(1, 477):
        state[0] += 1
        lookahead.after_step(kept, state, step, 476)
        after.append(state[0].item())
    assert after[475] == after[474]
    assert after[473] == after[469] + 4


def test_weights_are_the_sheets() -> None:
    lookahead = Lookahead()
    assert lookahead.weight(5, 476) == pytest.approx(9.0e-7, rel=0.01)
    assert lookahead.weight(476, 476) == pytest.approx(0.773781, abs=1e-6)
    assert lookahead.weight(1775, 1776) == pytest.approx(0.95**5 * (1775 / 1776) ** 3, rel=1e-6)
    weight = lookahead.weight(238, 476)
    assert weight == float(np.float32(weight)) == pytest.approx(0.773781 / 8, rel=1e-6)


def test_what_is_kept_is_a_copy_in_the_same_dtypes() -> None:
    state = [torch.ones(2, dtype=torch.float16), torch.ones(2)]
    kept = Lookahead().begin(state)
    state[0] += 1
    assert [tensor.tolist() for tensor in kept] == [[1, 1], [1, 1]]
    assert [tensor.dtype for tensor in kept] == [torch.float16, torch.float32]


def test_without_averaging_the_network_is_what_its_steps_made_it() -> None:
    state = [torch.tensor([3.0])]
    kept = NoAveraging().begin(state)
    for step in range(1, 11):
        NoAveraging().after_step(kept, state, step, 10)
    assert kept == []
    assert state[0].item() == 3


def test_an_average_that_begins_late_is_written_back_but_for_what_is_frozen() -> None:
    frozen = torch.nn.Parameter(torch.tensor([0.1]), requires_grad=False)
    state = [torch.zeros(1), frozen]
    part = WrittenBackEma(every=2, idle=0.3)
    kept = part.begin(state)
    average = network = 0.0
    for step in range(1, 12):
        network += 1
        state[0] += 1
        part.after_step(kept, state, step, 11)
        assert len(kept) == (2 if step >= 4 else 0)
        if step == 4:
            average = network
        elif step > 4 and step % 2 == 0:
            weight = 0.95**2 * (step / 11) ** 3
            average = network = weight * average + (1 - weight) * network
        assert float(state[0]) == pytest.approx(average if step == 11 else network, rel=1e-6)
    assert float(frozen) == pytest.approx(0.1, rel=1e-6)
    assert [step for step, is_due in enumerate(part.due(11), 1) if is_due] == [4, 6, 8, 10, 11]


def test_a_run_that_ends_before_the_average_begins_keeps_its_network() -> None:
    state = [torch.ones(1)]
    part = WrittenBackEma()
    kept = part.begin(state)
    for step in range(1, 5):
        part.after_step(kept, state, step, 4)
    assert (state[0].item(), kept) == (1.0, [])
    due = WrittenBackEma().due(581)
    assert [step for step, is_due in enumerate(due, 1) if is_due] == [*range(100, 581, 5), 581]
