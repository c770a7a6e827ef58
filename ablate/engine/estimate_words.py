"""An estimate in sentences."""

from math import isnan

from ablate.engine.estimate import Estimate
from ablate.formats.durations import rough_duration
from ablate.stats.wording import counted
from ablate.store.resolved import ResolvedStudy


def what_runs(resolved: ResolvedStudy, estimate: Estimate) -> str:
    """How many trials of what, where, and what has to be compiled for them."""
    study = resolved.study
    processes = len({spec.process for spec in resolved.schedule})
    rounds = study.rounds * study.processes
    parts = [counted(study.blocks, "block")] if study.blocks else []
    parts += [f"{counted(rounds, 'round')} of times"] if study.clock == "interleaved" else []
    at_a_time = f", {study.parallel} trainings at a time" if study.parallel > 1 else ""
    left = "" if estimate.trials == len(resolved.schedule) else f" left of {len(resolved.schedule)}"
    compiling = f"; {counted(estimate.compile_keys, 'network')} to compile" if estimate.compile_keys else ""
    return (
        f"{estimate.trials} trials{left}: {counted(estimate.arms, 'arm')} × {' and '.join(parts)} "
        f"in {counted(processes, 'process')}{at_a_time}, preset {resolved.preset}, data {resolved.data}, on {resolved.device}"
        f"{compiling}."
    )


def how_long(resolved: ResolvedStudy, estimate: Estimate) -> str:
    """What that takes and by whose trials, or the command that tells where nobody knows."""
    if isnan(estimate.minutes):
        return f"How long that takes nobody knows before a trial has run here; `{estimate.visible.pilot}` tells."
    basis = f"from {estimate.pace_source}" if estimate.pace_source else "a rough guess; other machines differ"
    compiled = ", compiling included" if estimate.compile_keys else ""
    parallel = resolved.study.parallel
    gain = f"; no gain by {parallel} at a time is assumed" if estimate.gain_measured is False else ""
    return f"About {rough_duration(60 * estimate.minutes)}{compiled} ({basis}{gain})."
