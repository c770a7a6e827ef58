"""The tables of a report, free of any format: what stands in each cell, and what it sorts by."""

from dataclasses import dataclass
from math import isfinite

from ablate.evidence import RECORD_TARGET, Evidence
from ablate.report.wording import (
    KIND_WORDS,
    NOTHING,
    accuracy_change,
    accuracy_interval,
    decimals_for,
    mean_and_sd,
    p_words,
    time_interval,
    time_saved,
    verdict_detail,
)
from ablate.stats import Effect, claim
from ablate.stats.frames import usable
from ablate.stats.wording import counted


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and whether the cells below are numbers."""

    heading: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A text, what it sorts by (None: after everything), and small print: an interval, a p-value. `tone` is a verdict, or ""."""

    text: str
    order: float | str | None = None
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; every row has a cell for each column."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def arms_table(evidence: Evidence) -> Table:
    """What each arm did: mean ± sd over trials. On the official CIFAR-10 at full size, the record's claim is tested too."""
    seconds_decimals = decimals_for(evidence.arms["time_seconds_sd"])
    columns = [
        Column("arm"),
        Column("n", numeric=True),
        Column("failed", numeric=True),
        Column("TTA accuracy %", numeric=True),
        Column("accuracy %", numeric=True),
        Column("time s", numeric=True),
    ]
    claims = _claims(evidence) if evidence.official_full else {}
    if claims:
        columns.append(Column(f"mean > {100 * RECORD_TARGET:.0f} %", numeric=True))
    rows = []
    for row in evidence.arm_rows:
        lost = row["failed"] + row["timed_out"] + row["unusable"]
        cells = [
            Cell(row["arm"], row["arm"]),
            Cell(f"{row['trials']:,}", float(row["trials"])),
            Cell(f"{lost:,}", float(lost), tone="worse" if lost else ""),
            _mean_cell(100 * row["tta_accuracy_mean"], 100 * row["tta_accuracy_sd"], 2),
            _mean_cell(100 * row["accuracy_mean"], 100 * row["accuracy_sd"], 2),
            _mean_cell(row["time_seconds_mean"], row["time_seconds_sd"], seconds_decimals),
        ]
        if claims:
            p = claims.get(row["arm"], float("nan"))
            cells.append(Cell(p_words(p) or NOTHING, _order(p)))
        rows.append(tuple(cells))
    return Table("Arms", tuple(columns), tuple(rows))


def effects_table(evidence: Evidence) -> Table:
    """What each feature does, with it minus without it; empty where the study has no contrast."""
    columns = (
        Column(subject_heading(evidence)),
        Column("time saved", numeric=True),
        Column("verdict on time"),
        Column("TTA accuracy", numeric=True),
        Column("verdict on accuracy"),
        Column("blocks", numeric=True),
    )
    return Table("Effects", columns, tuple(_effect_row(evidence, effect) for effect in evidence.effects))


def _effect_row(evidence: Evidence, effect: Effect) -> tuple[Cell, ...]:
    title = effect_title(evidence, effect)
    return (
        Cell(title, title, detail=KIND_WORDS[effect.kind]),
        Cell(time_saved(effect), _order(effect.time_saved_percent), detail=time_interval(effect)),
        _verdict_cell(
            effect.time_verdict,
            verdict_detail(effect.time_verdict, effect.time_p_holm, effect.time_seen_alone, effect.time_family),
        ),
        Cell(accuracy_change(effect), _order(effect.tta_accuracy_pp), detail=accuracy_interval(effect)),
        _verdict_cell(
            effect.tta_accuracy_verdict,
            verdict_detail(
                effect.tta_accuracy_verdict,
                effect.tta_accuracy_p_holm,
                effect.tta_accuracy_seen_alone,
                effect.tta_accuracy_family,
            ),
        ),
        Cell(f"{effect.blocks:,}", float(effect.blocks), detail=counted(effect.processes, "process")),
    )


def effect_title(evidence: Evidence, effect: Effect) -> str:
    """How a report calls the subject of an effect."""
    return "everything" if effect.kind == "total" else evidence.title_of(effect.subject)


def subject_heading(evidence: Evidence) -> str:
    """What the effects are effects of: "group", "feature" or, where both occur, "feature or group"."""
    subjects = {effect.subject for effect in evidence.effects if effect.kind not in ("total", "aa", "pair")}
    groups = subjects & evidence.titles.keys()
    words = [word for word, some in (("feature", subjects - groups), ("group", groups)) if some]
    return " or ".join(words) or "contrast"


def _verdict_cell(verdict: str, detail: str) -> Cell:
    return Cell(verdict, verdict, detail=detail, tone=verdict)


def _mean_cell(mean: float, sd: float, decimals: int) -> Cell:
    return Cell(mean_and_sd(mean, sd, decimals), _order(mean))


def _order(value: float) -> float | None:
    return value if isfinite(value) else None


def _claims(evidence: Evidence) -> dict[str, float]:
    """The p-value of "the arm's mean TTA accuracy is above 94 %", by arm."""
    good = evidence.frame[usable(evidence.frame)]
    return {
        str(arm): claim(group["tta_accuracy"].to_numpy(), RECORD_TARGET).p
        for arm, group in good.groupby("arm", sort=False)
    }
