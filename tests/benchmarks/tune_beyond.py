"""Which settings of the features past the record are good, judged on images that were set apart from the training set.

    PYTHONPATH=. python tests/benchmarks/tune_beyond.py --list
    PYTHONPATH=. python tests/benchmarks/tune_beyond.py growing_images freeze_0.3 --seeds 8 --out tuning.jsonl
    PYTHONPATH=. python tests/benchmarks/tune_beyond.py growing_images+two_step_newton_schulz@0.9 --width 0.5 --images 0.4

A setting is features of the registry or settings of the table, joined by "+", on top of all features of the record and of `exact`;
"@0.9" is 0.9 times its epochs. The test set is never looked at: 5,000 training images, the same ones whatever is asked, are held out,
and networks train on a share of the other 45,000. Every seed trains all settings before the next begins, the record among them, and the
difference from the record is by seed: same starting values, order and crops. "work" is multiplications of matrices and convolutions,
counted in one step of each kind and summed over the plan, relative to the record's; the seconds are what this machine took.

Each training is a line in `--out`; one that is there already is not run again, so more seeds or settings can be added.
"""

import argparse
import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from ablate import datasets
from ablate.datasets import Dataset
from ablate.lineages.loading import load_registry
from ablate.parts import PRESETS, FreezeFirstGroup, GrowingSizes, NoCompile, TwoPolynomials
from ablate.recipes.feature import Feature
from ablate.recipes.muon import MuonPlan, MuonRecipe
from ablate.recipes.registry import Registry
from ablate.store.records import FinishedTrial
from ablate.study import Arm
from ablate.study.schedule import TrialSpec
from ablate.training import muon_loop
from ablate.training.arm_trainer import ArmTrainer
from ablate.training.presets import compose_arm
from ablate.training.session import Clock, DeviceImages, Streams, compute_dtype_of

RECORD = "record"
HELD_OUT = 5000
SCALE = "tuning"
"""The preset that the script makes of the one asked for."""

TABLE: Mapping[str, Mapping[str, Any]] = {
    "grow_28": {"image_sizes": GrowingSizes(smaller=(28,), until=(1 / 2,))},
    "grow_28_0.7": {"image_sizes": GrowingSizes(smaller=(28,), until=(0.7,))},
    "grow_long": {"image_sizes": GrowingSizes(smaller=(24, 28), until=(0.4, 0.75))},
    "grow_24_28_early": {"image_sizes": GrowingSizes(smaller=(24, 28), until=(1 / 4, 1 / 2))},
    "freeze_0.2": {"freezing": FreezeFirstGroup(share=0.2)},
    "freeze_0.3": {"freezing": FreezeFirstGroup(share=0.3)},
    "freeze_0.4": {"freezing": FreezeFirstGroup(share=0.4)},
    "floor_0.02": {"polynomials": TwoPolynomials(first=(7.7110, -22.1138, 16.2488), second=(3.2153, -2.4112, 0.5013))},
    "floor_0.05": {"polynomials": TwoPolynomials(first=(6.7524, -18.3510, 13.2633), second=(2.5379, -1.8747, 0.4413))},
}


@dataclass(frozen=True, slots=True)
class Setting:
    """A name of the command line, the arm that it is, and how much work it is relative to the record."""

    name: str
    arm: Arm
    work: float


def tuning_registry() -> Registry:
    """The lineage's registry with the table's settings as optional features."""
    own = [
        Feature(name=_identifier(name), group="beyond", summary="-", patch=patch, source="this file", optional=True)
        for name, patch in TABLE.items()
    ]
    return load_registry().extended(own)


def arm_of(name: str, registry: Registry) -> Arm:
    """The arm of a setting: all features of the record and of `exact`, and what the setting names."""
    features, _, length = name.partition("@")
    named = [] if features == RECORD else [_identifier(each) for each in features.split("+")]
    chosen = frozenset([*registry.names, "exact", *named])
    registry.compose(chosen)
    return Arm(name=name, features=chosen, length=float(length or 1))


def _identifier(name: str) -> str:
    return name.replace(".", "_")


def apart(dataset: Dataset, share: float) -> Dataset:
    """A share of 45,000 training images as the training set, and the other 5,000 in place of the test set."""
    order = np.random.default_rng(0).permutation(len(dataset.train_images))
    held, rest = order[:HELD_OUT], order[HELD_OUT:]
    kept = rest[: round(share * len(rest))]
    return Dataset.of(
        f"{dataset.name} without a test set",
        dataset.classes,
        (dataset.train_images[kept], dataset.train_labels[kept]),
        (dataset.train_images[held], dataset.train_labels[held]),
    )


def work_of(recipe: MuonRecipe, dataset: Dataset) -> float:
    """Floating-point operations of a whole run, of its matrix products and convolutions, forward and backward.

    One step of each kind is run and counted, uncompiled, and taken as often as the plan has it; the prediction counts in full.
    """
    cpu = torch.device("cpu")
    plan = recipe.plan(len(dataset.train_images))
    kinds = [plan.kind_of_step(step) for step in range(plan.num_steps)]
    firsts = sorted({kinds.index(kind) for kind in kinds})
    sampled: MuonPlan = replace(
        plan, num_epochs=len(firsts), windows=tuple(range(step, step + 1) for step in firsts), whitening_images=16
    )
    images = DeviceImages.of(dataset, 1.0, cpu, compute_dtype_of(cpu))
    # Enough for one batch; what is done to all images is no product.
    images = replace(
        images,
        train_images=images.train_images[: plan.batch_size],
        train_labels=images.train_labels[: plan.batch_size],
    )
    eager = replace(recipe, compiler=NoCompile())
    compiled = muon_loop.build_network(eager, compute_dtype_of(cpu), cpu)
    run = muon_loop.stretches(eager, sampled, compiled, images, Streams(0, cpu), Clock(cpu), lambda network: 0.0)
    counted: Counter[str] = Counter()
    label: str | None = ""
    while label is not None:
        with FlopCounterMode(display=False) as counter:
            label = next(run, None)
        counted[label or ""] += counter.get_total_flops()
    times = Counter(kinds)
    return sum(flops * times.get(label, 1) for label, flops in counted.items())


def trainings(
    settings: Sequence[Setting], trainer: ArmTrainer, seeds: int, done: set[tuple[str, int]]
) -> Iterator[tuple[Setting, FinishedTrial]]:
    """Every setting once a seed, seed by seed, but for those that have been run."""
    for seed in range(seeds):
        for place, setting in enumerate(settings):
            if (setting.name, seed) not in done:
                spec = TrialSpec(arm=setting.name, block=seed, position=place, process=0, seed=seed)
                yield setting, trainer.train(spec, 0)


def read(path: Path, at: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The trainings of a file at one scale, on one set and device."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    return [line for line in lines if line["at"] == at]


def table(lines: Iterable[Mapping[str, Any]]) -> str:
    """Accuracy of each setting with its standard error, the difference from the record by seed with its own, work and seconds."""
    by_name: dict[str, dict[int, Mapping[str, Any]]] = {}
    for line in lines:
        by_name.setdefault(line["setting"], {})[line["seed"]] = line
    record = by_name.get(RECORD, {})
    rows = [f"{'setting':<44} {'n':>3} {'accuracy':>14} {'from the record':>16} {'work':>6} {'seconds':>8}"]
    for name, trials in by_name.items():
        accuracies = [100 * line["accuracy"] for line in trials.values()]
        pairs = [100 * (trials[seed]["accuracy"] - record[seed]["accuracy"]) for seed in trials.keys() & record.keys()]
        work = statistics.fmean(line["work"] for line in trials.values())
        seconds = statistics.median(line["seconds"] for line in trials.values())
        compared = "" if name == RECORD else _with_error(pairs, "+")
        rows.append(
            f"{name:<44} {len(trials):>3} {_with_error(accuracies):>14} {compared:>16} {work:>6.3f} {seconds:>8.2f}"
        )
    return "\n".join(rows)


def _with_error(values: Sequence[float], sign: str = "") -> str:
    if not values:
        return ""
    error = statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return f"{statistics.fmean(values):{sign}.2f} ± {error:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "settings", nargs="*", help="features or settings of the table, joined by '+'; '@0.9' for a length"
    )
    parser.add_argument("--list", action="store_true", help="list what can be asked, and end")
    parser.add_argument("--preset", default="mini", choices=[*PRESETS])
    parser.add_argument("--width", type=float, help="instead of the preset's factor on the network's width")
    parser.add_argument("--epochs", type=float, help="instead of the preset's factor on the epochs")
    parser.add_argument("--images", type=float, help="share of the 45,000 images, instead of the preset's")
    parser.add_argument("--batch", type=float, help="instead of the preset's factor on the batch")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--data", default="cifar10-jpeg")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("tuning.jsonl"))
    options = parser.parse_args()
    registry = tuning_registry()
    if options.list:
        own = {_identifier(name) for name in TABLE}
        print("\n".join([*(name for name in registry.members("beyond") if name not in own), *TABLE]))
        return
    asked = {name: getattr(options, name) for name in ("width", "images", "batch", "epochs")}
    scale = replace(PRESETS[options.preset], **{name: value for name, value in asked.items() if value is not None})
    dataset = apart(datasets.load(options.data), scale.images)
    # The images have been chosen already; a preset would take a share of those held out too.
    PRESETS[SCALE] = replace(scale, images=1.0)
    at = {"data": options.data, "device": options.device, **scale.to_dict()}
    arms = [arm_of(name, registry) for name in dict.fromkeys([RECORD, *options.settings])]
    works = [work_of(cast(MuonRecipe, compose_arm(registry, arm, SCALE)), dataset) for arm in arms]
    settings = [Setting(arm.name, arm, work / works[0]) for arm, work in zip(arms, works, strict=True)]
    trainer = ArmTrainer(registry=registry, arms=arms, preset=SCALE, dataset=dataset, device=options.device)
    done = {(line["setting"], line["seed"]) for line in read(options.out, at)}
    with options.out.open("a") as out:
        for setting, finished in trainings(settings, trainer, options.seeds, done):
            trial = finished.trial
            if trial.measurements is None:
                raise SystemExit(f"{setting.name}, seed {trial.spec.seed}: {trial.error}")
            line = {
                "setting": setting.name,
                "seed": trial.spec.seed,
                "accuracy": trial.measurements.score,
                "work": setting.work,
                "seconds": trial.measurements.time_seconds,
                "at": at,
            }
            out.write(json.dumps(line) + "\n")
            out.flush()
    asked_for = {each.name for each in settings}
    print(table(line for line in read(options.out, at) if line["setting"] in asked_for))


if __name__ == "__main__":
    main()
