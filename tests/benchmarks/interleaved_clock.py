"""Does the interleaved clock tell what whole trials tell?

    PYTHONPATH=. python tests/benchmarks/interleaved_clock.py --data cifar10-jpeg
    PYTHONPATH=. python tests/benchmarks/interleaved_clock.py --recipe airbench94 --repetitions 10 --feature whitening

In this process, each repetition times every arm by the interleaved clock and then trains it whole, or the other way round in every
second one: the baseline, all features, a few features alone, and the baseline's twin. For each arm the log of its time over the
baseline's is compared, whole against composed. The two should agree within 1 % on an idle machine; on a busy one whole trials
scatter more than that, which the standard errors show.
"""

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ablate.lineages.loading import load_registry
from ablate.recipes.registry import Registry
from ablate.study import BASELINE, Arm
from ablate.study.schedule import Measures, TrialSpec
from ablate.training.arm_trainer import ArmTrainer
from ablate.training.image_kind import load_data

WITHIN_PERCENT = 1.0
TWIN = f"{BASELINE} (twin)"

Seconds = Mapping[str, float]
"""The time of each arm."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """An arm's time over the baseline's in percent of log, by both clocks, and how far they are apart, with standard errors."""

    arm: str
    whole: float
    whole_error: float
    composed: float
    composed_error: float

    @property
    def apart(self) -> float:
        """Composed minus whole."""
        return self.composed - self.whole

    @property
    def error(self) -> float:
        """The standard error of that."""
        return math.hypot(self.whole_error, self.composed_error)

    def line(self) -> str:
        """What is printed of it."""
        return (
            f"{self.arm}: whole {self.whole:+.2f} ± {self.whole_error:.2f} %, composed {self.composed:+.2f} ± {self.composed_error:.2f} %, "
            f"apart {self.apart:+.2f} ± {self.error:.2f} %"
        )


def agreements(whole: Sequence[Seconds], composed: Sequence[Seconds]) -> list[Agreement]:
    """What repetitions say of every arm but the baseline; two of each at least."""
    return [
        Agreement(arm, *_mean_and_error(whole, arm), *_mean_and_error(composed, arm))
        for arm in whole[0]
        if arm != BASELINE
    ]


def _mean_and_error(repetitions: Sequence[Seconds], arm: str) -> tuple[float, float]:
    ratios = [100 * math.log(seconds[arm] / seconds[BASELINE]) for seconds in repetitions]
    return statistics.mean(ratios), statistics.stdev(ratios) / math.sqrt(len(ratios))


def arms_of(registry: Registry, features: Sequence[str]) -> list[Arm]:
    """The baseline first, through which times are compared."""
    alone = [Arm(name=name, features=frozenset({name})) for name in features]
    everything = Arm(name="all", features=frozenset(registry.names))
    return [
        Arm(name=BASELINE, features=frozenset()),
        everything,
        *alone,
        Arm(name=TWIN, features=frozenset(), stream=1),
    ]


def timed(trainer: ArmTrainer, measures: Measures, repetition: int) -> Seconds:
    """Every arm's time, by one clock; whole trials in an order that is reversed in every second repetition."""
    specs = [
        TrialSpec(arm=arm, block=repetition, position=place, process=0, seed=repetition, measures=measures)
        for place, arm in enumerate(trainer.arms)
    ]
    if measures == "time":
        finished = list(trainer.time_together(specs, 0))
    else:
        finished = [trainer.train(spec, 0) for spec in specs[:: -1 if repetition % 2 else 1]]
    seconds = {}
    for each in finished:
        measured = each.trial.measurements
        if measured is None or measured.time_seconds is None:
            raise SystemExit(f"Arm '{each.trial.spec.arm}' failed: {each.trial.error}")
        seconds[each.trial.spec.arm] = measured.time_seconds
    return {arm: seconds[arm] for arm in trainer.arms}


def compare(
    trainer: ArmTrainer, repetitions: int, say: Callable[[str], None] = print
) -> tuple[list[Seconds], list[Seconds]]:
    """Both clocks, turn by turn."""
    for arm in trainer.arms:
        trainer.warm_up(arm)
    found: dict[Measures, list[Seconds]] = {"both": [], "time": []}
    for repetition in range(repetitions):
        clocks: tuple[Measures, ...] = ("time", "both") if repetition % 2 else ("both", "time")
        for measures in clocks:
            found[measures].append(timed(trainer, measures, repetition))
        say(f"{repetition + 1} of {repetitions}")
    return found["both"], found["time"]


def main(arguments: Sequence[str]) -> int:
    """Print one line an arm; 1 where one is apart by more than it may be and its standard errors explain."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default=None, help="a lineage; otherwise the default one")
    parser.add_argument(
        "--feature", action="append", help="alone on the baseline; otherwise the first three of the lineage"
    )
    parser.add_argument("--data", default="synthetic")
    parser.add_argument("--preset", default="mini")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args(arguments)
    registry = load_registry(recipe=options.recipe)
    features = options.feature or registry.names[:3]
    dataset = load_data(options.data, None, print)
    trainer = ArmTrainer(
        registry=registry,
        arms=arms_of(registry, features),
        preset=options.preset,
        dataset=dataset,
        device=options.device,
    )
    whole, composed = compare(trainer, options.repetitions)
    told = agreements(whole, composed)
    print(f"{options.repetitions} repetitions, preset {options.preset}, data {options.data}, {trainer.device}")
    baseline = [[each[BASELINE] for each in clock] for clock in (whole, composed)]
    print(f"{BASELINE}: whole {statistics.mean(baseline[0]):.3f} s, composed {statistics.mean(baseline[1]):.3f} s")
    for each in told:
        print(each.line())
    return int(any(abs(each.apart) > WITHIN_PERCENT + 2 * each.error for each in told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
