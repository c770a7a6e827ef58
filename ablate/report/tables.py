"""The tables of a report, free of any format: what stands in each cell, and what it sorts by."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from ablate.formats.printable import printable
from ablate.report.looks import intervals_named
from ablate.report.wording import (
    KIND_WORDS,
    NOTHING,
    decimals_for,
    mean_and_sd,
    p_words,
    score_gain,
    score_interval,
    time_interval,
    time_saved,
    verdict_detail,
)
from ablate.stats import BEYOND_REACH, Effect, claim
from ablate.stats.evidence import RECORD_TARGET, Evidence
from ablate.stats.frames import EXTRA, counts_shown, usable
from ablate.stats.score_words import gain_name, is_percentage, short_name, value_name
from ablate.stats.wording import AVERAGED, EVERYTHING, MOST_NAMED, blocks_counted, counted, listed
from ablate.study.score import Score


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, whether the cells below are numbers, and whether it is an extra that only a wide page has room for."""

    heading: str
    numeric: bool = False
    extra: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, what it sorts by (None: after everything), and small print: an interval, a p-value. `tone` is a verdict, or ""."""

    text: str
    order: float | str | None = None
    detail: str = ""
    tone: str = ""

    @property
    def line(self) -> str:
        """All of it on one line."""
        return self.text + self.tail

    @property
    def tail(self) -> str:
        """The small print as it follows the text on one line."""
        if self.detail in ("", NOTHING):
            return ""
        if self.detail.startswith("["):
            return f" {self.detail}"
        return f", {self.detail}" if self.tone else f" ({self.detail})"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; every row has a cell for each column. `remark` says in a sentence how to read it.

    A table that `may_be_cut` lists arms or pairs, of which a reader with little room is shown both ends; an answer is shown whole.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    remark: str = ""
    may_be_cut: bool = False

    def without_extras(self) -> "Table":
        """The table where there is little room."""
        kept = [place for place, column in enumerate(self.columns) if not column.extra]
        rows = tuple(tuple(row[place] for place in kept) for row in self.rows)
        return replace(self, columns=tuple(self.columns[place] for place in kept), rows=rows)

    def ends(self, most: int, how_to_see_all: str) -> "Table":
        """At most `most` rows: of more, those at both ends, and between them how many there are and where."""
        if not self.may_be_cut or len(self.rows) <= most:
            return self
        first = most // 2
        last = most - first - 1
        cut = len(self.rows) - first - last
        blank = Cell("")
        between = (Cell(f"… {cut:,} more: {how_to_see_all}"), *([blank] * (len(self.columns) - 1)))
        return replace(self, rows=(*self.rows[:first], between, *self.rows[len(self.rows) - last :]))


ALL_ROWS = "report.html and `--format json` have all"
"""What a table that was cut says in the cut's place."""

EFFECTS = "Effects"
"""The title of the table that notes belong to."""

MOST_EXTRAS = 4
"""Other named measurements that the table of arms has a column for; `--format json` and `--trials` have all."""


def effects_remark(score: Score, intervals: str = "95 %") -> str:
    """How to read a table of effects; `intervals` says which they are."""
    unit = f" in {score.unit}" if score.unit else ""
    lowered = "" if score.better == "higher" else f", {gain_name(score)}{unit}"
    return (
        f"With it minus without it. Time saved is in percent of the time without it{lowered}: plus is better. Intervals are {intervals}, "
        "each for itself; p (Holm) and the verdicts allow for all contrasts of the study."
    )


def arms_table(evidence: Evidence) -> Table:
    """What each arm did: mean ± sd over trials. On the official CIFAR-10 at full size, the record's claim is tested too."""
    score = evidence.score
    shown = [
        ("score", value_name(score), score.factor, _value_decimals(evidence)),
        *([("accuracy", "accuracy %", 100.0, 2)] if evidence.measures_accuracy else []),
        ("time_seconds", "time s", 1.0, decimals_for(evidence.arms["time_seconds_sd"])),
        *(
            (f"{EXTRA}{name}", printable(name), 1.0, decimals_for(evidence.arms[f"{EXTRA}{name}_sd"]))
            for name in evidence.extras[:MOST_EXTRAS]
        ),
    ]
    counts = counts_shown(evidence.arms, "n")
    columns = [
        Column("arm"),
        *(Column(heading, numeric=True) for heading in counts.values()),
        Column("failed", numeric=True),
        *(Column(heading, numeric=True) for _, heading, _, _ in shown),
    ]
    claims = _claims(evidence) if evidence.official_full else {}
    if claims:
        columns.append(Column(f"mean > {100 * RECORD_TARGET:.0f} %", numeric=True))
    rows = []
    for row in evidence.arm_rows:
        lost = row["failed"] + row["timed_out"] + row["unusable"]
        cells = [
            Cell(row["arm"], row["arm"]),
            *(Cell(f"{row[count]:,}", float(row[count])) for count in counts),
            Cell(f"{lost:,}", float(lost), tone="worse" if lost else ""),
            *(
                _mean_cell(unit * row[f"{outcome}_mean"], unit * row[f"{outcome}_sd"], decimals)
                for outcome, _, unit, decimals in shown
            ),
        ]
        if claims:
            p = claims.get(row["arm"], float("nan"))
            cells.append(Cell(p_words(p) or NOTHING, order(p)))
        rows.append(tuple(cells))
    remarks = [
        "Mean ± sd over trials.",
        f" Less {score.title} is better." if score.better == "lower" else "",
        _extras_left_out(evidence),
        _arm_names([row["arm"] for row in evidence.arm_rows]),
    ]
    return Table("Arms", tuple(columns), tuple(rows), "".join(remarks), may_be_cut=True)


def _value_decimals(evidence: Evidence) -> int:
    score = evidence.score
    return 2 if is_percentage(score) else decimals_for(score.factor * evidence.arms["score_sd"])


def _extras_left_out(evidence: Evidence) -> str:
    more = evidence.extras[MOST_EXTRAS:]
    return (
        f" Also measured, in `--format json` and `--trials`: {listed([printable(name) for name in more])}."
        if more
        else ""
    )


def _arm_names(arms: Sequence[str]) -> str:
    """What the forms of names that occur stand for."""
    meanings = (
        ("+ X", "X and every step before it", lambda name: name.startswith("+ ")),
        ("all - X", "everything but X", lambda name: name.startswith("all - ")),
        ("baseline + X", "X alone", lambda name: name.startswith("baseline + ")),
        ("{X, Y}", "exactly these", lambda name: name.startswith("{")),
        ("(twin)", "the same recipe again, with seeds of its own", lambda name: name.endswith("(twin)")),
    )
    said = [f"'{form}' is {meaning}" for form, meaning, fits in meanings if any(fits(name) for name in arms)]
    return f" Of the arms' names, {'; '.join(said)}." if said else ""


def effects_table(evidence: Evidence) -> Table:
    """What each feature does, with it minus without it; empty where the study has no contrast."""
    columns = (
        Column(subject_heading(evidence)),
        Column("time saved", numeric=True),
        Column("verdict on time"),
        Column(gain_name(evidence.score), numeric=True),
        Column(f"verdict on {short_name(evidence.score)}"),
        Column("blocks", numeric=True),
        Column("would settle it", extra=True),
    )
    rows = tuple(_effect_row(evidence, effect) for effect in evidence.effects)
    return Table(
        EFFECTS, columns, rows, effects_remark(evidence.score, intervals_named(evidence)) + screening_remark(evidence)
    )


def screening_remark(evidence: Evidence) -> str:
    """What averages of a screening are, its resolution, and what each is aliased with in the arms that gave results; else ""."""
    if not evidence.is_screening:
        return ""
    arms, resolution = evidence.screening.arms, evidence.screening.resolution
    blurred = {subject: names for subject, names in evidence.screening.aliases.items() if names}
    said = f" '{KIND_WORDS['screening']}': {AVERAGED}, from {counted(arms, 'arm')} at resolution {resolution}"
    if blurred:
        named = [
            f"{evidence.title_of(subject)} with {listed([_titled(evidence, name) for name in names])}"
            for subject, names in blurred.items()
        ]
        if min(map(len, blurred.values())) > MOST_NAMED and len(named) > 1:
            # As where an arm is missing: all are blurred a little, by everything.
            return (
                f"{said}. Aliased in part: {named[0]}; the other {len(named) - 1} likewise (`--format json` has all)."
            )
        return f"{said}. Aliased in part: {'; '.join(named)}."
    if resolution == 5:
        return f"{said}: no average is aliased with another or with a pair, nor pairs with one another."
    return f"{said}: no average is aliased with another or with a pair."


def _titled(evidence: Evidence, alias: str) -> str:
    return " × ".join(evidence.title_of(name) for name in alias.split(" × "))


def _effect_row(evidence: Evidence, effect: Effect) -> tuple[Cell, ...]:
    title = effect_title(evidence, effect)
    slug = f"{effect.subject}, " if title == evidence.titles.get(effect.subject) != effect.subject else ""
    return (
        Cell(title, title, detail=f"{slug}{KIND_WORDS[effect.kind]}"),
        Cell(time_saved(effect), order(effect.time_saved_percent), detail=time_interval(effect)),
        _verdict_cell(
            effect.time_verdict,
            verdict_detail(effect.time_verdict, effect.time_p_holm, effect.time_seen_alone, effect.time_family),
        ),
        Cell(
            score_gain(effect, evidence.score),
            order(effect.score_change),
            detail=score_interval(effect, evidence.score),
        ),
        _verdict_cell(
            effect.score_verdict,
            verdict_detail(
                effect.score_verdict,
                effect.score_p_holm,
                effect.score_seen_alone,
                effect.score_family,
            ),
        ),
        _counts_cell(effect),
        Cell(_what_settles(effect, evidence.score) or NOTHING),
    )


def _counts_cell(effect: Effect) -> Cell:
    behind = [] if effect.blocks or not effect.time_blocks else [blocks_counted(0, effect.time_blocks)]
    behind += [counted(effect.processes, "process")] if effect.processes else []
    return Cell(f"{effect.blocks:,}", float(effect.blocks), detail=", ".join(behind))


def _what_settles(effect: Effect, score: Score) -> str:
    """ "3 more processes (time), 96 more blocks (accuracy)", should means and spreads stay as they are."""
    needs = (
        (effect.time_verdict, effect.time_more_processes, "process", "time"),
        (effect.score_verdict, effect.score_more_blocks, "block", short_name(score)),
    )
    return ", ".join(
        f"{'nothing' if more == BEYOND_REACH else counted(more, f'more {unit}')} ({outcome})"
        for verdict, more, unit, outcome in needs
        if verdict == "inconclusive"
    )


def effect_title(evidence: Evidence, effect: Effect) -> str:
    """How a report calls the subject of an effect."""
    return EVERYTHING if effect.kind == "total" else evidence.title_of(effect.subject)


def subject_heading(evidence: Evidence) -> str:
    """What the effects are effects of: "group", "feature" or, where both occur, "feature or group"."""
    subjects = {effect.subject for effect in evidence.effects if effect.kind not in ("total", "aa", "pair")}
    groups = subjects & evidence.titles.keys()
    words = [word for word, some in (("feature", subjects - groups), ("group", groups)) if some]
    return " or ".join(words) or "contrast"


def _verdict_cell(verdict: str, detail: str) -> Cell:
    return Cell(verdict, verdict, detail=detail, tone=verdict)


def _mean_cell(mean: float, sd: float, decimals: int) -> Cell:
    return Cell(mean_and_sd(mean, sd, decimals), order(mean))


def order(value: float) -> float | None:
    """What a number sorts by; None, after everything, where there is none."""
    return value if isfinite(value) else None


def _claims(evidence: Evidence) -> dict[str, float]:
    """The p-value of "the arm's mean TTA accuracy is above 94 %", by arm."""
    good = evidence.frame[usable(evidence.frame)]
    return {
        str(arm): claim(group["score"].to_numpy(), RECORD_TARGET).p for arm, group in good.groupby("arm", sort=False)
    }
