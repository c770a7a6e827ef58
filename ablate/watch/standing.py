"""How a study stands, in words and as a table for a terminal."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from ablate.engine.status import StudyStatus
from ablate.formats.durations import rough_duration
from ablate.formats.fitted_table import FittedTable
from ablate.formats.printable import printable_lines
from ablate.stats.frames import counts_shown
from ablate.stats.score_words import decimals_of, value_name
from ablate.stats.wording import counted
from ablate.study.score import Score


def counts_words(now: StudyStatus) -> str:
    """ "12 of 40 trials, 1 of them failed, about 8 min left." """
    tried = now.done + now.failed
    failed = f", {now.failed:,} of them failed" if now.failed else ""
    left = f", about {rough_duration(now.seconds_left)} left" if now.seconds_left is not None and now.left else ""
    return f"{tried:,} of {counted(tried + now.left, 'trial')}{failed}{left}."


def what_now(now: StudyStatus, how_to_resume: str) -> str:
    """Whether a study runs, has ended or has stopped, and the command that goes on with it where there is something left."""
    if now.state == "running":
        return f"Process {now.writer} is running it."
    if now.state == "settled":
        return "Settled; nothing is left to run."
    if now.state == "stopped":
        return f"Stopped; resume with: {how_to_resume}"
    if now.failed:
        return f"Finished; {counted(now.failed, 'trial')} failed, to run again: {how_to_resume} --retry-failed"
    return "Finished."


def standing(now: StudyStatus, score: Score) -> RenderableType:
    """The arms so far and the counts."""
    left = "" if now.seconds_left is None or not now.left else f", about {rough_duration(now.seconds_left)}"
    parts: list[RenderableType] = [
        arms_so_far(now, score),
        Text(f"{now.done} done, {now.failed} failed, {now.left} left{left}."),
    ]
    if now.slowest_arm is not None:
        parts.append(Text(printable_lines(f"Slowest arm: {now.slowest_arm}.")))
    return Group(*parts)


def arms_so_far(now: StudyStatus, score: Score) -> FittedTable:
    """Each arm's counts and its means with their intervals."""
    decimals = decimals_of(score, *(score.factor * (now.arms["score_high"] - now.arms["score_low"])))
    table = FittedTable()
    table.add_column("arm", words=True)
    counts = counts_shown(now.arms, "trials")
    for heading in (*counts.values(), "failed", value_name(score), "seconds"):
        table.add_column(heading, numeric=True)
    for row in now.arms.to_dict("records"):
        table.add_row(
            row["arm"],
            *(str(row[count]) for count in counts),
            str(row["failed"] + row["timed_out"]),
            _with_interval(row, "score", scale=score.factor, decimals=decimals),
            _with_interval(row, "time_seconds", scale=1, decimals=3),
        )
    return table


def _with_interval(row: Mapping[Any, Any], outcome: str, *, scale: float, decimals: int) -> str:
    """A mean, and its 95 % interval where there is one."""
    mean, low, high = (scale * row[f"{outcome}_{number}"] for number in ("mean", "low", "high"))
    if not isfinite(mean):
        return ""
    interval = f" [{low:.{decimals}f}, {high:.{decimals}f}]" if isfinite(low) else ""
    return f"{mean:.{decimals}f}{interval}"
