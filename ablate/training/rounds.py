"""The times of a round: all arms of a block by the interleaved clock, as many at a time as memory holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import exp, fsum, log
from typing import Protocol

import psutil
import torch

from ablate.recipes.images import ImageRecipe, Plan
from ablate.training.interleaved import Composed, Player, composed, interleave
from ablate.training.kinds import TrialFailure
from ablate.training.outcome import Compiled, loop_of
from ablate.training.session import Clock, DeviceImages, Streams

_SHARE_OF_FREE_MEMORY = 0.5

_COPIES = 3
"""Training sets that a paused run holds: padded, augmented, and what making the next one takes on the way."""


class Runnable(Protocol):
    """A warm recipe with all that its runs use."""

    @property
    def recipe(self) -> ImageRecipe:
        """What is run."""

    @property
    def plan(self) -> Plan:
        """The whole run's plan."""

    @property
    def compiled(self) -> Compiled:
        """Its network, which other recipes may share."""


@dataclass(frozen=True, slots=True)
class ArmTime:
    """An arm's time in a round: composed, and how long timing it took, in seconds; or why there is none."""

    composed: Composed | None
    measuring_seconds: float
    failure: Exception | None = None

    @property
    def seconds(self) -> float:
        """The time of an arm that has one."""
        assert self.composed is not None
        return self.composed.time_seconds

    def scaled(self, factor: float) -> "ArmTime":
        """The same, so many times as long."""
        if self.composed is None:
            return self
        longer = Composed(factor * self.composed.train_seconds, factor * self.composed.tta_seconds)
        return replace(self, composed=longer)


def time_arms(
    arms: Mapping[str, Runnable],
    seeds: Mapping[str, int],
    images: DeviceImages,
    clock: Clock,
    *,
    order_seed: int,
    most_bytes: float | None = None,
) -> dict[str, ArmTime]:
    """The time of each arm's whole run, from runs of a few of its steps in turns; the first arm is the reference.

    Where images of all arms do not fit into `most_bytes` (by default half of what is free), groups that do are timed one after
    another, each with the reference in it, through which their times are expressed.
    """
    bytes_each = _COPIES * images.train_images.numel() * images.train_images.element_size()
    most_bytes = _SHARE_OF_FREE_MEMORY * free_bytes(clock.device) if most_bytes is None else most_bytes
    reference, *others = arms
    size = max(1, int(most_bytes // bytes_each) - 1)
    groups = [others[first : first + size] for first in range(0, len(others), size)] or [[]]
    timed = [
        _time_group({name: arms[name] for name in (reference, *group)}, seeds, images, clock, order_seed + number)
        for number, group in enumerate(groups)
    ]
    return timed[0] if len(timed) == 1 else _expressed_through(reference, timed)


def free_bytes(device: torch.device) -> float:
    """The memory of a device that nothing uses."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available


def _time_group(
    arms: Mapping[str, Runnable], seeds: Mapping[str, int], images: DeviceImages, clock: Clock, order_seed: int
) -> dict[str, ArmTime]:
    players = {
        name: Player(
            begin=partial(
                loop_of(arm.recipe).stretches,
                arm.recipe,
                arm.plan.sampled(),
                arm.compiled,
                images,
                Streams(seeds[name], clock.device),
                clock,
                _no_validation,
            ),
            networks=arm.compiled.networks,
        )
        for name, arm in arms.items()
    }
    interleave(players, clock, seed=order_seed)
    return {name: _arm_time(arm, players[name], len(images.train_images)) for name, arm in arms.items()}


def _no_validation(network: object) -> float:
    return 0.0


def _arm_time(arm: Runnable, player: Player, num_images: int) -> ArmTime:
    sample = player.sample
    if sample.failure is not None:
        return ArmTime(None, sample.total, sample.failure)
    counts = loop_of(arm.recipe).counts(arm.recipe, arm.plan, num_images)
    try:
        return ArmTime(composed(sample.seconds, counts), sample.total)
    except TrialFailure as failure:
        return ArmTime(None, sample.total, failure)


def _expressed_through(reference: str, groups: Sequence[Mapping[str, ArmTime]]) -> dict[str, ArmTime]:
    """Times of all groups as if the reference had taken equally long in each: the geometric mean of what it took."""
    if any(group[reference].composed is None for group in groups):
        why = TrialFailure(f"Arm '{reference}', through which the times of a round are compared, failed in it.")
        lost = {name: ArmTime(None, time.measuring_seconds, why) for group in groups for name, time in group.items()}
        failed = {name: time for group in groups for name, time in group.items() if time.failure is not None}
        return {**lost, **failed}
    took = [group[reference].seconds for group in groups]
    typical = exp(fsum(map(log, took)) / len(took))
    return {
        name: time.scaled(typical / reference_took)
        for group, reference_took in zip(groups, took, strict=True)
        for name, time in group.items()
    }
