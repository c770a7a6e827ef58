"""Run folders whose trials have curves."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ablate.store.records import Trial
from ablate.study import Design
from tests.report.build import resolved, write_folder


def curved(curve_of: Callable[[Trial], tuple[float, ...]]) -> Callable[[Trial], Trial]:
    """What gives each trial its curve."""
    return lambda trial: replace(trial, measurements=replace(trial.measurements, curve=curve_of(trial)))


def rising(epochs: int) -> Callable[[Trial], tuple[float, ...]]:
    """Curves that halve what is missing to the trial's accuracy with each epoch, and reach it with the last."""

    def curve_of(trial: Trial) -> tuple[float, ...]:
        accuracy = trial.measurements.accuracy
        return (*(accuracy * (1 - 0.5**epoch) for epoch in range(1, epochs)), accuracy)

    return curve_of


def curves_folder(path: Path, design: Design, epochs: int, *, blocks: int = 6) -> Path:
    study = resolved(design, blocks=blocks, processes=min(blocks, 2))
    return write_folder(path, study, change=curved(rising(epochs)))
