"""What a script drew, put as our parts would have drawn it: the same images come of it."""

from collections.abc import Callable, Sequence

import torch

from originals.tape import Draw

Translation = Callable[[Sequence[Draw]], list[Draw]]


def as_drawn(tape: Sequence[Draw]) -> list[Draw]:
    """Both draw the same."""
    return list(tape)


def counted_from_one(tape: Sequence[Draw]) -> list[Draw]:
    """The script mirrors the first epoch and every second one after it, ours the second: the other images are mirrored once.

    A window's shift counts from the other side then.
    """
    return [_other_images(draw) if draw.kind == "rand" else _from_the_right(draw) for draw in tape]


def mirrored_twice(tape: Sequence[Draw]) -> list[Draw]:
    """The script mirrors at random before the crop and again in every epoch: here both are one mirroring after the crop."""
    first, *others = tape
    before = first.values < 0.5
    translated = []
    for draw in others:
        if draw.kind == "rand":
            twice = before & (draw.values < 0.5) | ~before & (draw.values >= 0.5)
            # Any number below one half mirrors.
            draw = draw.of(torch.where(twice, 0.75, 0.25))
        elif _is_shift(draw):
            draw = draw.of(torch.where(before[:, None], _from_the_right(draw).values, draw.values))
        translated.append(draw)
    return translated


def fused(tape: Sequence[Draw]) -> list[Draw]:
    """The script draws rows and columns of a shift, and a jitter's shift and factor, in two calls each, ours in one."""
    first, *others = tape
    translated = [first]
    for top, left, shift, factor, order in zip(*[iter(others)] * 5, strict=True):
        corner = torch.stack([(draw.values * 5).long() for draw in (top, left)], 1)
        translated.append(Draw("randint", corner, 0, 5))
        translated += [Draw("rand", torch.stack([shift.values, factor.values])), order]
    return translated


def reordered(tape: Sequence[Draw]) -> list[Draw]:
    """The script puts the set in another order before each change of it, ours leaves it where it is: orders upon orders become one."""
    translated: list[Draw] = []
    for crop, shifts, flip, sides, last in zip(*[iter(tape)] * 5, strict=True):
        flip = flip.of(crop.values[flip.values])
        translated += [crop, shifts, flip, sides, last.of(flip.values[last.values])]
    return translated


def shifts_of_batches(tape: Sequence[Draw]) -> list[Draw]:
    """The script draws column and row of each batch's shift by themselves, of the batch that it leaves out too; ours all in one call."""
    translated: list[Draw] = []
    for draw in tape:
        if draw.kind == "randperm":
            translated += [draw, Draw("randint", torch.zeros((0, 2), dtype=torch.int64), draw.low, draw.high)]
            columns: list[Draw] = []
            continue
        columns.append(draw)
        if len(columns) == 2:
            corner = torch.stack([columns[1].values, columns[0].values], 1)
            translated[-1] = Draw("randint", torch.cat([translated[-1].values, corner]), draw.low, draw.high)
            columns = []
    return [draw.of(draw.values[:-1]) if draw.kind == "randint" else draw for draw in translated]


def _is_shift(draw: Draw) -> bool:
    return draw.kind == "randint" and draw.values.dim() == 2


def _other_images(draw: Draw) -> Draw:
    return draw.of(torch.where(draw.values < 0.5, 0.75, 0.25))


def _from_the_right(draw: Draw) -> Draw:
    if not _is_shift(draw):
        return draw
    rows, columns = draw.values.unbind(1)
    return draw.of(torch.stack([rows, draw.low + draw.high - 1 - columns], 1))
