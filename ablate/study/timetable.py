"""When and in which process each trial of a study runs: pure functions of its settings. Free of torch."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ablate.study.arms import Arm
from ablate.study.schedule import Measures, TrialSpec


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


def draw(seed: int, purpose: str, number: int, part: str | int) -> int:
    """A 64-bit number that only these arguments decide: the same in every version of Python."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{purpose}/{number}/{part}".encode()).digest()[:8])
