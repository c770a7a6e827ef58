"""`ablate compare`: two run folders side by side."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from ablate.cli.options import AsJson
from ablate.cli.output import stdout
from ablate.formats.fitted_table import FittedTable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ablate.report.compare import Change
    from ablate.study.score import Score

HOW_TO_READ = (
    "Recipes of one fingerprint are compared, by whatever name. Time saved is in percent of the first folder's time: positive is "
    "better in the second; of effects, what the second saves beyond the first."
)


def compare(
    directory_a: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder to compare with.")],
    directory_b: Annotated[Path, typer.Argument(metavar="DIR", help="The run folder that may differ from it.")],
    as_json: AsJson = False,
) -> None:
    """Compare two run folders: second minus first, for the arms and contrasts they share, and what else differs.

    Arms are matched by their recipes: "+ silu" in one folder may be
    "baseline + silu" in the other. Time saved and changes of the score are
    better where positive; --json has the raw differences, where more time is positive.

    Stored numbers are never as good as two arms in one study; the intervals
    are unpaired.
    """
    from ablate.report.compare import compare as compared
    from ablate.report.machine import as_json as to_json
    from ablate.stats.wording import listed

    comparison = compared(directory_a, directory_b)
    if as_json:
        typer.echo(to_json(comparison.to_json()), nl=False)
        return
    console = stdout()
    console.print(Text(f"{comparison.second} minus {comparison.first}", style="bold"))
    for caveat in comparison.caveats:
        console.print(Text.assemble(("! ", "bold yellow"), caveat.text))
    for title, changes in (("arm", comparison.arms), ("effect of", comparison.contrasts)):
        if changes:
            console.print(Text())
            console.print(_table(title, changes, comparison.score))
    console.print(Text())
    if comparison.nothing_common:
        console.print(Text(f"Nothing can be compared: {comparison.nothing_common}.", style="bold"))
    else:
        console.print(Text(HOW_TO_READ + _lowered(comparison.score), style="dim"))
    for folder, arms in (
        (comparison.first, comparison.only_in_first),
        (comparison.second, comparison.only_in_second),
    ):
        if arms:
            console.print(Text(f"Only in {folder}: {listed(arms)}", style="dim"))


def _lowered(score: "Score | None") -> str:
    """How to read the changes of a score of which less is better."""
    if score is None or score.better == "higher":
        return ""
    return f" So is {score.title} lowered; --json has the raw differences."


def _table(heading: str, changes: "Sequence[Change]", score: "Score | None") -> FittedTable:
    """The changes; without a score that both folders share, those of time alone."""
    table = FittedTable()
    table.add_column(heading, words=True)
    times = ("time", "time saved") if heading == "arm" else ("time saved", "ratio of the two")
    for title in (*times, *(_score_headings(heading, score) if score else ()), "n", "processes"):
        table.add_column(title, numeric=True)
    for change in changes:
        cells = [cell for pair in _cells(change, score) for cell in pair]
        counts = [f"{first:,}, {second:,}" for first, second in (change.blocks, change.processes)]
        table.add_row(_name(change), *cells, *counts)
    return table


def _score_headings(heading: str, score: "Score") -> tuple[str, str]:
    from ablate.stats.score_words import gain_name, short_name

    if score.better == "higher":
        return (score.title, f"change of {short_name(score)}")
    return (score.title, "lowered by") if heading == "arm" else (gain_name(score), "change of it")


def _name(change: "Change") -> Text:
    """Both names where they differ, and for a contrast how each folder measured it."""
    from ablate.report.wording import KIND_WORDS

    names = list(dict.fromkeys((change.name, change.second_name)))
    text = Text(" = ".join(names))
    if change.kind in KIND_WORDS:
        kinds = dict.fromkeys(KIND_WORDS[kind] for kind in (change.kind, change.second_kind))
        text.append(f" ({' = '.join(kinds)})", style="dim")
    return text


def _cells(change: "Change", score: "Score | None") -> "Iterator[tuple[str, str]]":
    """Time, then score, each with both sides and what changed; time saved, so that positive is better."""
    from ablate.stats.wording import saved_interval, saved_signed, signed

    saved, low, high = (
        0.0 - percent for percent in (change.time_percent, change.time_high_percent, change.time_low_percent)
    )
    interval = saved_interval(saved, low, high)
    if change.kind == "arm":
        times = _sides((change.first_time, change.second_time), "{:#.4g}".format, " s")
    else:
        times = _sides((0.0 - change.first_time, 0.0 - change.second_time), lambda value: signed(value, 1), " %")
    yield times, _with_interval(saved_signed(saved, low, high), saved, interval)
    if score is not None:
        yield _score_cells(change, score)


def _score_cells(change: "Change", score: "Score") -> tuple[str, str]:
    """An arm's scores as they are, an effect's as gains; and by how much the second is better."""
    from ablate.stats.score_words import decimals_of, gain_interval, gain_words, value_unit
    from ablate.stats.wording import signed

    gain = score.sign * change.score_change
    low, high = sorted((score.sign * change.score_low, score.sign * change.score_high))
    interval = gain_interval(score, low, high) if isfinite(low) else ""
    decimals = decimals_of(score, high - low if isfinite(low) else gain)
    if change.kind == "arm":
        unit = f" {value_unit(score)}".rstrip()
        sides = _sides((change.first_score, change.second_score), lambda value: f"{value:.{decimals}f}", unit)
    else:
        gains = (score.sign * change.first_score, score.sign * change.second_score)
        sides = _sides(gains, lambda value: signed(value, decimals), f" {score.unit}".rstrip())
    return sides, _with_interval(gain_words(gain, score, low, high), gain, interval)


def _sides(values: tuple[float, float], worded: "Callable[[float], str]", unit: str) -> str:
    from ablate.report.wording import NOTHING

    return " → ".join(worded(value) if isfinite(value) else NOTHING for value in values) + unit


def _with_interval(text: str, value: float, interval: str) -> str:
    from ablate.report.wording import NOTHING

    return f"{text} {interval or '(no interval)'}" if isfinite(value) else NOTHING
