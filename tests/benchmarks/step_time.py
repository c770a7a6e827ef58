"""Time per training step of the package's baseline against a bare PyTorch loop of the same recipe, on a CPU.

    PYTHONPATH=. python tests/benchmarks/step_time.py --preset mini
    PYTHONPATH=. python tests/benchmarks/step_time.py --preset full --steps 3 --rounds 2
    PYTHONPATH=. python tests/benchmarks/step_time.py --preset mini --compiled

Both sides train from the same starting values in this process, in blocks of `--steps` steps in the order ours, bare, bare,
ours. Ours is `ablate.training.muon_loop.train` itself: a step lasts from one call of its training step to the next, so that backward,
optimisers and the choice of the batch are in it. Each adjacent pair of blocks gives one ratio; the result is their median.
On a machine that others use too, only the ratio means something, and with `--cpu-time` (one thread, processor time instead of
the wall clock) it hardly notices them. Target: at most 1.05.
"""

import argparse
import itertools
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from bare_loop import BareNet, BareTraining, newton_schulz
from torch import Tensor

from ablate.lineages.airbench94_muon.baseline import AIRBENCH94_MUON
from ablate.parts import PRESETS, NoCompile
from ablate.recipes.muon import MuonPlan, MuonRecipe
from ablate.training.compilation import allow_many_arms, why_not_compiling
from ablate.training.muon_loop import CompiledNetwork, build_network, train
from ablate.training.session import Clock, DeviceImages, Streams, compute_dtype_of

TARGET = 1.05
CPU = torch.device("cpu")


@dataclass(slots=True)
class Seen:
    """What one block of our training did: when each step began, its loss, and the batches it was given."""

    moments: list[float]
    losses: list[Tensor]
    batches: list[tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True)
class Sides:
    """Both trainings, ready; each trains one block from the same starting values and gives seconds for each step."""

    recipe: MuonRecipe
    plan: MuonPlan
    images: DeviceImages
    compiled: CompiledNetwork
    bare: BareNet
    orthogonalise: Callable[[Tensor], Tensor]
    clock: Callable[[], float]

    def watch(self, seed: int = 0) -> Seen:
        """One block of our training."""
        seen = Seen([], [], [])

        def step(
            images: Tensor, labels: Tensor, train_bias: bool, label_smoothing: float, frozen_groups: int
        ) -> Tensor:
            seen.moments.append(self.clock())
            seen.batches.append((images, labels))
            loss = self.compiled.step(images, labels, train_bias, label_smoothing, frozen_groups)
            seen.losses.append(loss.detach())
            return loss

        def after_epoch(network: torch.nn.Module) -> float:
            seen.moments.append(self.clock())
            return 0.0

        watched = CompiledNetwork(self.compiled.network, step)
        train(self.recipe, self.plan, watched, self.images, Streams(seed, CPU), Clock(CPU), after_epoch)
        return seen

    def ours(self) -> list[float]:
        """Seconds for each step of one block of ours."""
        return durations(self.watch().moments)

    def theirs(self) -> list[float]:
        """Seconds for each step of one block of the bare loop."""
        images, labels = self.images.train_images, self.images.train_labels
        order = torch.randperm(len(images))
        batches = list(order.split(self.plan.batch_size)[: self.plan.num_steps])
        return durations(self.training().run(images.contiguous(), labels, batches)[0])

    def training(self) -> BareTraining:
        """The bare loop with new optimisers."""
        return BareTraining(
            self.bare, self.orthogonalise, self.plan.num_steps, self.plan.whitening_bias_steps, self.clock
        )


def durations(moments: list[float]) -> list[float]:
    """The time from each moment to the next, without the first: a block's first step finds the caches full of something else."""
    steps = [end - begin for begin, end in itertools.pairwise(moments)]
    return steps[1:] or steps


def get_ready(
    preset: str,
    steps: int,
    *,
    compiled: bool,
    dtype: torch.dtype | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> Sides:
    """Both sides at a preset's width and batch, one epoch of `steps` steps, half of them with the whitening bias trained."""
    compute_dtype = dtype or compute_dtype_of(CPU)
    recipe = AIRBENCH94_MUON.scaled(PRESETS[preset])
    recipe = recipe if compiled else replace(recipe, compiler=NoCompile())
    batch_size = round(recipe.batch_size * recipe.scale.batch)
    noise = torch.rand((batch_size * steps, 3, 32, 32)).to(compute_dtype, memory_format=torch.channels_last)
    labels = torch.randint(0, 10, (len(noise),))
    images = DeviceImages(train_images=noise, train_labels=labels, test_images=noise[:2], test_labels=labels[:2])
    plan = replace(
        recipe.plan(len(noise)),
        num_steps=steps,
        num_epochs=1,
        whitening_bias_steps=max(1, steps // 2),
        normalisation_due=(True,) * steps,
    )
    network = build_network(recipe, compute_dtype, CPU)
    widths = [group.conv1.out_channels for group in network.network.groups]
    bare = BareNet((widths[0], widths[1], widths[2])).in_precision(compute_dtype)
    if compiled:
        allow_many_arms()
        bare.compile(dynamic=False)
    orthogonalise = torch.compile(newton_schulz, dynamic=False) if compiled else newton_schulz
    return Sides(recipe, plan, images, network, bare, orthogonalise, clock)


def paired_ratios(sides: Sides, rounds: int) -> tuple[list[float], list[float], list[float]]:
    """Ratios ours/bare of adjacent blocks, and the seconds of every step of ours and of the bare loop."""
    ratios, ours, bare = [], [], []
    for _ in range(rounds):
        for ours_first in (True, False):
            blocks = [sides.ours, sides.theirs] if ours_first else [sides.theirs, sides.ours]
            first, second = (block() for block in blocks)
            mine, other = (first, second) if ours_first else (second, first)
            ratios.append(statistics.median(mine) / statistics.median(other))
            ours += mine
            bare += other
    return ratios, ours, bare


def summary(ratios: list[float], ours: list[float], bare: list[float]) -> str:
    """Two lines: steps timed and their medians; the paired ratio with its spread and the verdict."""
    ratio = statistics.median(ratios)
    verdict = "within" if ratio <= TARGET else "MISSES"
    return (
        f"ours: n = {len(ours)} steps, median {1000 * statistics.median(ours):.1f} ms; "
        f"bare: n = {len(bare)} steps, median {1000 * statistics.median(bare):.1f} ms\n"
        f"ratio ours/bare: median of {len(ratios)} pairs {ratio:.3f}, from {min(ratios):.3f} to {max(ratios):.3f}: "
        f"{verdict} the target of at most {TARGET}"
    )


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 within the target, 1 beyond it, 2 where nothing can be compiled although asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", choices=sorted(PRESETS), default="mini")
    parser.add_argument("--steps", type=int, default=8, help="steps a block; the first is not counted")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of ours, bare, bare, ours")
    parser.add_argument("--cpu-time", action="store_true", help="one thread, and its processor time")
    parser.add_argument("--compiled", action="store_true", help="compile networks and Newton-Schulz on both sides")
    options = parser.parse_args(arguments)
    if options.steps < 2 or options.rounds < 1:
        parser.error("--steps must be at least 2 and --rounds at least 1")
    if options.compiled and (reason := why_not_compiling(CPU)):
        print(f"Nothing can be compiled here: {reason}", file=sys.stderr)
        return 2
    torch.manual_seed(0)
    if options.cpu_time:
        torch.set_num_threads(1)
    clock = time.process_time if options.cpu_time else time.perf_counter
    sides = get_ready(options.preset, options.steps, compiled=options.compiled, clock=clock)
    sides.ours()
    sides.theirs()
    ratios, ours, bare = paired_ratios(sides, options.rounds)
    compiled = "compiled" if options.compiled else "eager"
    dtype = sides.images.train_images.dtype
    kind = "processor time" if options.cpu_time else "wall clock"
    print(
        f"{options.preset}, {dtype}, {compiled}, {torch.get_num_threads()} threads, {kind}, torch {torch.__version__}"
    )
    print(summary(ratios, ours, bare))
    return 0 if statistics.median(ratios) <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
