"""Random draws recorded on one side and handed to the other."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Draw:
    """What one call of `torch.rand`, `torch.randint` or `torch.randperm` gave; `low` and `high` bound a randint's values."""

    kind: str
    values: Tensor
    low: int = 0
    high: int = 0

    def of(self, values: Tensor) -> "Draw":
        """The same draw with other values."""
        return replace(self, values=values)


@contextmanager
def recorded() -> Iterator[list[Draw]]:
    """A list that every draw inside the context is put on."""
    tape: list[Draw] = []
    rand, randint, randperm = torch.rand, torch.randint, torch.randperm

    def taped_rand(*shape: Any, **options: Any) -> Tensor:
        tape.append(Draw("rand", rand(*shape, **options)))
        return tape[-1].values.clone()

    def taped_randint(*bounds: int | Sequence[int], **options: Any) -> Tensor:
        # With or without a lower bound, and the size by name or not.
        size = options.pop("size", None) or bounds[-1]
        low, high = ([0, *(bound for bound in bounds if isinstance(bound, int))])[-2:]
        tape.append(Draw("randint", randint(low, high, size, **options), low, high))
        return tape[-1].values.clone()

    def taped_randperm(count: int, **options: Any) -> Tensor:
        values = randperm(count, **options)
        tape.append(Draw("randperm", values.clone()))
        return values

    with _drawing(rand=taped_rand, randint=taped_randint, randperm=taped_randperm):
        yield tape


@contextmanager
def replayed(tape: Sequence[Draw]) -> Iterator[None]:
    """Every draw inside the context is the tape's next one.

    Raises:
        AssertionError: another kind, shape or number of possible values is asked for than the tape has, or not all of it.
    """
    waiting = iter(tape)

    def next_draw(kind: str, shape: Sequence[int]) -> Draw:
        draw = next(waiting, None)
        assert draw is not None, f"{kind} {tuple(shape)} is drawn after the tape's end"
        found = (draw.kind, tuple(draw.values.shape))
        assert found == (kind, tuple(shape)), f"{kind} {tuple(shape)} is drawn where the tape has {found}"
        return draw

    def replayed_rand(*shape: Any, **options: Any) -> Tensor:
        return next_draw("rand", shape[0] if isinstance(shape[0], tuple) else shape).values.clone()

    def replayed_randint(low: int, high: int, size: Sequence[int], **options: Any) -> Tensor:
        draw = next_draw("randint", size)
        assert high - low == draw.high - draw.low, f"{high - low} values where the tape has {draw.high - draw.low}"
        return draw.values - draw.low + low

    def replayed_randperm(count: int, **options: Any) -> Tensor:
        return next_draw("randperm", (count,)).values.clone()

    with _drawing(rand=replayed_rand, randint=replayed_randint, randperm=replayed_randperm):
        yield
    left = sum(1 for _ in waiting)
    assert left == 0, f"{left} draws of the tape were not asked for"


@contextmanager
def _drawing(**functions: Any) -> Iterator[None]:
    with ExitStack() as stack:
        for name, function in functions.items():
            stack.enter_context(mock.patch.object(torch, name, function))
        yield
