"""When and in which process each trial of a study runs: pure functions of its settings, and which of these can be. Free of torch."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

from ablate.errors import UsageError, near_match_and_all
from ablate.study.arms import Arm
from ablate.study.schedule import Clock, Measures, TrialSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Arms, and how often and by whom they are run; see `Study`.

    Arms are shuffled anew for every second block, and the block after it runs in reverse, so that slow drift cancels. All arms of
    a block share its seed, except twins.
    """

    arms: Sequence[Arm]
    blocks: int
    processes: int
    seed: int
    rounds: int
    parallel: int

    def of_whole_trials(self) -> tuple[TrialSpec, ...]:
        """Each trial gives score and time. Blocks go whole, in order, to processes; sizes differ by one at most."""
        if self.parallel > 1:
            return tuple(self._side_by_side(0, "both"))
        return tuple(spec for block in range(self.blocks) for spec in self._block(block, "both", self._owner(block)))

    def of_interleaved_pieces(self) -> tuple[TrialSpec, ...]:
        """Each process measures its rounds of times, then trains its share of the blocks for the score.

        The rounds are blocks of their own, numbered after the others. Where trainings run side by side they take processes of their
        own, after all times are measured.
        """
        if self.parallel > 1:
            times = [spec for process in range(self.processes) for spec in self._rounds(process)]
            return (*times, *self._side_by_side(self.processes, "score"))
        specs: list[TrialSpec] = []
        for process in range(self.processes):
            specs += self._rounds(process)
            for block in range(self.blocks):
                if self._owner(block) == process:
                    specs += self._block(block, "score", process)
        return tuple(specs)

    def _owner(self, block: int) -> int:
        return block * self.processes // self.blocks

    def _rounds(self, process: int) -> Iterator[TrialSpec]:
        first = self.blocks + process * self.rounds
        for number in range(first, first + self.rounds):
            yield from self._block(number, "time", process)

    def _side_by_side(self, first_process: int, measures: Measures) -> Iterator[TrialSpec]:
        """Each process trains its own arms in every block, so that it warms up no others; process by process."""
        owners = {arm.name: first_process + place % self.parallel for place, arm in enumerate(self.arms)}
        specs = [
            replace(spec, process=owners[spec.arm])
            for block in range(self.blocks)
            for spec in self._block(block, measures, first_process)
        ]
        yield from sorted(specs, key=lambda spec: spec.process)

    def _block(self, block: int, measures: Measures, process: int) -> Iterator[TrialSpec]:
        """A block's trials in their order."""
        order = sorted(self.arms, key=lambda arm: draw(self.seed, "order", block // 2, arm.name))
        if block % 2:
            order.reverse()
        for position, arm in enumerate(order):
            yield TrialSpec(
                arm=arm.name,
                block=block,
                position=position,
                process=process,
                seed=draw(self.seed, "block", block, arm.stream) >> 1,
                measures=measures,
            )


def check_settings(
    study: str, *, clock: str, blocks: int, processes: int, seed: int, rounds: int, parallel: int
) -> None:
    """See that a study of that name can be dealt out by these numbers.

    Raises:
        UsageError: an unknown clock, what is no whole number, or one that is too small.
    """
    if clock not in get_args(Clock):
        raise UsageError(f"Unknown clock '{clock}' (--clock).{near_match_and_all(clock, get_args(Clock))}")
    numbers = {"blocks": blocks, "processes": processes, "seed": seed, "rounds": rounds, "parallel": parallel}
    for what, number in numbers.items():
        if type(number) is not int:
            raise UsageError(f"Study '{study}' has {what}={number!r}; a whole number belongs there.")
    if blocks < (0 if clock == "interleaved" else 1):
        times_alone = "; times alone, without trainings, take --clock interleaved" if blocks == 0 else ""
        raise UsageError(f"A study needs at least 1 trial for each arm, not {blocks} (--trials){times_alone}.")
    if processes < 1:
        raise UsageError(f"A study needs at least 1 process, not {processes} (--processes).")
    if rounds < 1:
        raise UsageError(f"Study '{study}' has rounds={rounds}; the interleaved clock takes 1 or more.")
    if parallel < 1:
        raise UsageError(f"At least 1 trial runs at a time, not {parallel} (--parallel).")
    if processes > blocks and clock == "trial":
        raise UsageError(
            f"{blocks} blocks cannot be dealt to {processes} processes; "
            f"use --processes {blocks} at most, or more --trials."
        )
    if seed < 0:
        raise UsageError(f"A seed is 0 or more, not {seed} (--seed).")


def draw(seed: int, purpose: str, number: int, part: str | int) -> int:
    """A 64-bit number that only these arguments decide: the same in every version of Python."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}/{number}/{part}".encode()).digest()[:8])
