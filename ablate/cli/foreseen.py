"""What a dry run says: what would run, how long that takes, and how wide its intervals will be by when."""

from collections.abc import Sequence
from dataclasses import asdict
from math import isfinite, isnan
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from ablate.cli.output import line, stdout
from ablate.formats.durations import rough_duration
from ablate.formats.fitted_table import FittedTable

if TYPE_CHECKING:
    from ablate.api import Plan
    from ablate.engine.estimate import Estimate
    from ablate.engine.outlook import Moment, Outlook
    from ablate.engine.sooner import Sooner
    from ablate.stats.half_widths import HalfWidths
    from ablate.study.score import Score


def print_estimate(planned: "Plan", estimate: "Estimate", as_json: bool) -> None:
    """What a dry run says."""
    resolved = planned.resolved
    if as_json:
        from ablate.report import as_json as json_text

        answer = {**asdict(estimate), "visible_sentence": estimate.visible.sentence}
        answer |= {"preset": resolved.preset, "data": resolved.data, "device": resolved.device}
        answer |= {"looks": resolved.study.looks} if resolved.study.looks else {}
        answer |= {"arm_features": resolved.arm_features, "left_out": resolved.study.left_out}
        typer.echo(json_text(answer), nl=False)
        return
    from ablate.engine.estimate_words import how_long, what_runs

    console = stdout()
    table = FittedTable()
    table.add_column("arm", words=True)
    table.add_column("features on", numeric=True)
    table.add_column("length", numeric=True)
    for arm in resolved.study.arms:
        table.add_row(arm.name, str(len(resolved.arm_features[arm.name])), f"{arm.length:g}")
    console.print(table)
    for name, reason in resolved.study.left_out:
        line(console, f"left out: {name}: {reason}")
    study = resolved.study
    line(console, what_runs(resolved, estimate))
    line(console, how_long(resolved, estimate))
    line(console, f"{estimate.visible.sentence}.")
    if estimate.outlook is not None and estimate.outlook.effects:
        _print_outlook(console, estimate.outlook, resolved.score)
    if estimate.sooner is not None:
        line(console, _sooner_words(estimate.sooner, resolved.score))
    if study.looks:
        from ablate.stats.looks import plan_of_looks

        line(console, plan_of_looks(study))


def _print_outlook(console: Console, outlook: "Outlook", score: "Score") -> None:
    """One row an effect, or for all effects of a kind whose numbers are printed alike; one column a moment."""
    from ablate.stats.verdicts import SIGNIFICANCE
    from ablate.stats.wording import confidence_words

    at_looks = any(moment.level != SIGNIFICANCE for moment in outlook.moments)
    level = "the level of each look" if at_looks else confidence_words(SIGNIFICANCE)
    line(
        console,
        f"Half-widths of intervals at {level} by then, should trials vary as those of {outlook.spreads_source}:",
    )
    table = FittedTable()
    table.add_column("effect", words=True)
    for moment in outlook.moments:
        table.add_column(_heading(moment), numeric=True)

    alike: dict[tuple[str, ...], list[HalfWidths]] = {}
    for effect in outlook.effects:
        alike.setdefault(_cells(effect, outlook, score), []).append(effect)
    for cells, effects in alike.items():
        table.add_row(_named(effects), *cells)
    console.print(table)


def _sooner_words(sooner: "Sooner", score: "Score") -> str:
    from ablate.stats.score_words import decimals_of, short_name
    from ablate.stats.sizing import MOST_BLOCKS
    from ablate.stats.wording import counted, two_digits

    goal, size, this = sooner.goal, sooner.size, sooner.this
    width = f"±{goal.score:.{decimals_of(score, goal.score)}f} {score.unit}".rstrip()
    widths = [f"{width} of {short_name(score)}"]
    widths += [] if isnan(goal.time_percent) else [f"±{two_digits(goal.time_percent)} % of time"]
    margins = "margins" if len(widths) > 1 else "margin"
    which = (
        f"the {margins} of verdicts"
        if goal.is_margins
        else f"as this study will (the {margins} of verdicts take more than {MOST_BLOCKS:,} blocks)"
    )
    takes = (
        f"{counted(MOST_BLOCKS, 'block')} of this study do not do"
        if this is None
        else f"this study takes {counted(this.blocks, 'block')} in {counted(this.processes, 'process')}, "
        f"about {rough_duration(60 * this.minutes)}"
    )
    return (
        f"To know each feature within {' and '.join(widths)}, {which}, {takes}; averaged over the others being on or off, "
        f"`{sooner.command}` takes about {rough_duration(60 * size.minutes)}."
    )


def _heading(moment: "Moment") -> str:
    from ablate.stats.wording import counted

    # Of times alone there is one moment, the end.
    blocks = counted(moment.blocks, "block") if moment.blocks else "all rounds"
    if isnan(moment.minutes):
        return blocks
    return f"{rough_duration(60 * moment.minutes)}, {blocks}" if moment.minutes else f"now, {blocks}"


def _cells(effect: "HalfWidths", outlook: "Outlook", score: "Score") -> tuple[str, ...]:
    from ablate.stats.score_words import decimals_of
    from ablate.stats.wording import two_digits

    decimals = decimals_of(score, *(width for each in outlook.effects for width in each.score))
    cells = []
    for gain, time in zip(effect.score, effect.time_percent, strict=True):
        words = [f"±{gain:.{decimals}f} {score.unit}".rstrip()] if isfinite(gain) else []
        words += [f"±{two_digits(time)} %"] if isfinite(time) else []
        cells.append(" ".join(words) or "–")
    return tuple(cells)


def _named(effects: Sequence["HalfWidths"]) -> str:
    if len(effects) == 1:
        return effects[0].subject
    kinds = {effect.kind for effect in effects}
    what = "averages" if kinds == {"screening"} else "steps" if kinds == {"ladder"} else "effects"
    return f"each of {len(effects)} {what}"
