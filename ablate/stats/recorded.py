"""What a run folder holds: its trials, read once, and what they ran on."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd

from ablate.formats.canonical import Json
from ablate.formats.printable import printable
from ablate.stats.frames import COUNTS, EXTRA, arm_summary, extra_columns, trials_frame, usable
from ablate.stats.trial_facts import epochs_by_arm, minutes_of, slow_seats, throttled
from ablate.store.collector import collector_paused
from ablate.store.records import Environment
from ablate.store.resolved import ResolvedStudy
from ablate.store.run_folder import RunFolder
from ablate.store.trials import MemoryTrialStore
from ablate.study.score import TTA_ACCURACY, Score

OFFICIAL_DATA = "cifar10"
"""The one name under which only the official files are ever kept."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A study and its trials, and what they ran on.

    `store` has every record, `frame` is that of `trials_frame`. `environments` holds what the usable trials (without any,
    all) ran on, by digest, in order of use; `throttled` counts trials by reason, `marks` trials by mark, `left` the scheduled
    trials that no record exists of. `epochs` says how many epochs each arm trains, for arms whose recipe does. `data_sets` are
    (name, digest) of the usable trials' data, `first_start` and `last_start` ISO 8601 times, "" without a trial.
    """

    resolved: ResolvedStudy
    store: MemoryTrialStore
    frame: pd.DataFrame
    environments: Mapping[str, Environment]
    throttled: Mapping[str, int]
    marks: Mapping[str, int]
    left: int
    epochs: Mapping[str, float]
    data_sets: tuple[tuple[str, str], ...]
    first_start: str
    last_start: str

    @classmethod
    @collector_paused()
    def read(cls, folder: str | os.PathLike[str]) -> Self:
        """What the run folder holds now, also while a study still writes to it.

        Raises:
            UsageError: there is no run folder there.
            AblateError: its study.json or a line of its trials cannot be understood.
        """
        opened = RunFolder.open(Path(folder))
        return cls.of(opened.resolved, opened.read_trials())

    @classmethod
    @collector_paused()
    def of(cls, resolved: ResolvedStudy, store: MemoryTrialStore) -> Self:
        """From a resolved study and its trials."""
        latest = store.latest()
        trials = list(latest.values())
        frame = trials_frame(trials)
        good = frame[usable(frame)]
        cited = (frame if good.empty else good)["environment"].drop_duplicates()
        starts = sorted(trial.started_at for trial in trials)
        return cls(
            resolved=resolved,
            store=store,
            frame=frame,
            environments={digest: store.environments[digest] for digest in cited if digest in store.environments},
            throttled=throttled(trials),
            marks=dict(sorted(Counter(mark for trial in trials for mark in trial.marks).items())),
            left=sum(spec.key not in latest for spec in resolved.schedule),
            epochs=epochs_by_arm(trials, store.recipes),
            data_sets=tuple(
                (str(row.data), str(row.data_digest))
                for row in good[["data", "data_digest"]].drop_duplicates().itertuples()
            ),
            first_start=starts[0] if starts else "",
            last_start=starts[-1] if starts else "",
        )

    @cached_property
    def minutes(self) -> float:
        """Minutes of trials, from the first start to the last end, pauses of more than ten minutes left out; NaN where unknown."""
        return minutes_of(self.store.latest().values())

    @cached_property
    def slow_seats(self) -> dict[str, float]:
        """Seats that take longer than the study's others, and how many times as long; see `trial_facts.slow_seats`."""
        return slow_seats(self.store.latest().values())

    @property
    def score(self) -> Score:
        """What is compared beside time."""
        return self.resolved.score

    @cached_property
    def arms(self) -> pd.DataFrame:
        """`stats.arm_summary` with every arm of the study in its order, also those without a trial.

        Where trials mix data sets it has counts and no means.
        """
        arms = _every_arm(self.frame, [arm.name for arm in self.resolved.study.arms])
        return _counts_only(arms) if self.mixes_data else arms

    @property
    def arm_rows(self) -> list[dict[str, Any]]:
        """The rows of `arms`, by column."""
        return [{str(name): value for name, value in row.items()} for row in self.arms.to_dict(orient="records")]

    @property
    def usable_trials(self) -> int:
        """How many trials count."""
        return int(self.arms["trials"].sum())

    @property
    def lost_trials(self) -> int:
        """How many trials failed, timed out, or gave no finite numbers."""
        return int(self.arms[["failed", "timed_out", "unusable"]].to_numpy().sum())

    @property
    def data_names(self) -> tuple[str, ...]:
        """The names of the data sets that trials ran on; before the first usable trial, the one that was asked for."""
        return tuple(dict.fromkeys(name for name, _ in self.data_sets)) or (self.resolved.data,)

    @property
    def mixes_data(self) -> bool:
        """Whether trials ran on different data: nothing is compared then."""
        return len({digest for _, digest in self.data_sets}) > 1

    @property
    def official_full(self) -> bool:
        """Whether every trial ran the recipe as published on the official CIFAR-10, for the score that the record is in."""
        return self.is_of_images and self.data_names == (OFFICIAL_DATA,) and self.resolved.preset == "full"

    @property
    def is_of_images(self) -> bool:
        """Whether the score is that of image recipes, which are published for one data set."""
        return self.score.measures_as(TTA_ACCURACY)

    @cached_property
    def measures_accuracy(self) -> bool:
        """Whether trials measured accuracy beside the score; before the first usable one, whether such recipes do."""
        known = np.isfinite(self.frame["accuracy"])
        return bool(known.any()) or (self.is_of_images and not usable(self.frame).any())

    @property
    def extras(self) -> tuple[str, ...]:
        """The names of the other measurements that trials made, in the order in which they name them."""
        return tuple(name.removeprefix(EXTRA) for name in extra_columns(self.frame))

    @property
    def conditions(self) -> str:
        """What the numbers may not be read without: "mini preset, synthetic images"; "" for the published conditions."""
        parts = [] if self.resolved.preset == "full" else [f"{self.resolved.preset} preset"]
        if self.data_names != (OFFICIAL_DATA,):
            parts.append(
                ", ".join("synthetic images" if name == "synthetic" else f"data {name}" for name in self.data_names)
            )
        return ", ".join(parts)

    @property
    def setting(self) -> str:
        """What the trials ran on, for the caption of a figure: "NVIDIA A100; data cifar10; full preset"."""
        devices = [str(name) for name in self.facts().get("device_name", ()) if name] or [self.resolved.device]
        return f"{' and '.join(devices)}; data {', '.join(self.data_names)}; {self.resolved.preset} preset"

    def facts(self) -> dict[str, tuple[Json, ...]]:
        """The environments' facts, each with its distinct values; those that no environment has are left out.

        Texts are printable on one line: environments are kept as they were written, since their digests are cited.
        """
        names = dict.fromkeys(name for environment in self.environments.values() for name in environment.facts)
        values = {
            name: tuple(
                dict.fromkeys(_hashable(environment.facts.get(name)) for environment in self.environments.values())
            )
            for name in names
        }
        return {name: value for name, value in values.items() if value != (None,)}


def _hashable(value: Json) -> Json:
    return value if isinstance(value, (int, float, bool, type(None))) else printable(str(value))


def _every_arm(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The summary with the study's arms first, in their order; an arm without a trial has zero counts and NaN numbers."""
    summary = arm_summary(frame).set_index("arm")
    order = list(dict.fromkeys([*names, *summary.index]))
    summary = summary.reindex(order)
    counts = list(COUNTS)
    summary[counts] = summary[counts].fillna(0).astype("int64")
    numbers = summary.columns.difference(counts)
    summary[numbers] = summary[numbers].astype("float64")
    return summary.rename_axis("arm").reset_index()


def _counts_only(arms: pd.DataFrame) -> pd.DataFrame:
    """Without means, which would be taken over different data sets."""
    numbers = arms.columns.difference(["arm", *COUNTS])
    return arms.assign(**dict.fromkeys(numbers, float("nan")))
