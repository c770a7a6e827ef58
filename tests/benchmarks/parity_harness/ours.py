"""Our side of one launch: trains one recipe several times in this process and prints a JSON line a trial.

Started by `parity.py` as a program of its own.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from ablate.lineages.loading import load_registry
from ablate.study import Arm
from ablate.study.schedule import TrialSpec
from ablate.training.arm_trainer import ArmTrainer
from parity_harness.data_files import read_data_files
from parity_harness.plan import MARK, PAST, RECIPES


def say(line: dict[str, object]) -> None:
    """One line on standard output."""
    print(MARK + json.dumps(line), flush=True)


def main() -> int:
    """First a line with the environment's facts, then one for each trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", choices=[*RECIPES, PAST], required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where the data files are")
    parser.add_argument("--data", required=True, help="the data set's name")
    parser.add_argument("--first", type=int, required=True, help="number of the first trial of this launch still to do")
    parser.add_argument("--trials", type=int, required=True)
    parser.add_argument("--round", type=int, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--preset", required=True)
    options = parser.parse_args()

    registry = load_registry()
    own = ("exact", "beyond") if options.recipe == PAST else ()
    features = frozenset(() if options.recipe == "baseline" else (*registry.names, *own))
    trainer = ArmTrainer(
        registry=registry,
        arms=[Arm(name=options.recipe, features=features)],
        preset=options.preset,
        dataset=read_data_files(options.data, options.folder),
        device=options.device,
    )
    say({"environment": dict(trainer.environment().facts)})
    for number in range(options.first, options.trials):
        seed = options.round * options.trials + number
        spec = TrialSpec(arm=options.recipe, block=number, position=0, process=options.round, seed=seed)
        trial = trainer.train(spec, options.round).trial
        if trial.measurements is None:
            print(trial.error, file=sys.stderr)
            return 3
        say(
            {
                "trial": dataclasses.asdict(trial.measurements),
                "before": dict(trial.device_before or {}),
                "after": dict(trial.device_after or {}),
            }
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
