"""What a report says epoch by epoch, of trials that have curves: a table for a page, and a file with all of it."""

import numpy as np
import pandas as pd

from ablate.report.tables import Cell, Column, Table, order
from ablate.report.wording import NOTHING, decimals_for, mean_interval
from ablate.stats import by_epoch
from ablate.stats.evidence import Evidence
from ablate.stats.score_words import capital, curve_name, is_percentage, value_unit
from ablate.study.score import TTA_ACCURACY

FILE_NAME = "by_epoch.csv"
"""The file beside a report."""

WHERE_ALL_IS = f"{FILE_NAME}, which `ablate report DIR --write` makes, has every epoch."
"""What a table of some epochs says."""

MOST_COLUMNS = 4
"""Means with intervals that a line has room for beside a name."""

MOST_EPOCHS = 24
"""Rows of a table by epoch; of longer trainings it has some epochs, evenly apart."""

_CSV_FORMAT = "%.10g"


def epochs_frame(evidence: Evidence) -> pd.DataFrame:
    """`stats.by_epoch` of the study's trials, its arms in their order; no rows without curves, nor where trials mix data sets."""
    table = by_epoch(evidence.frame.iloc[:0] if evidence.mixes_data else evidence.frame, evidence.epochs)
    places = {str(arm): place for place, arm in enumerate(evidence.arms["arm"])}
    return table.sort_values("arm", key=lambda arms: arms.map(places), kind="stable", ignore_index=True)


def epochs_csv(evidence: Evidence) -> str | None:
    """`epochs_frame` as CSV, scores as trials hold them, ten significant digits; None where it has no rows."""
    table = epochs_frame(evidence)
    return None if table.empty else table.to_csv(index=False, float_format=_CSV_FORMAT, lineterminator="\n")


def epochs_table(evidence: Evidence) -> Table | None:
    """Means with intervals: a row an epoch and a column an arm, of many arms a row an arm and a few epochs. None without curves."""
    table = epochs_frame(evidence)
    if table.empty:
        return None
    measured = {str(arm): rows for arm, rows in table.groupby("arm", sort=False)}
    cells = _cells(table, evidence)
    few = len(measured) <= MOST_COLUMNS
    columns, rows = (_by_epoch if few else _by_arm)(measured, cells)
    whole = few and len(rows) == table["epoch"].nunique()
    remark = _remark(evidence, table, measured) + ("" if whole else f" {WHERE_ALL_IS}")
    return Table("By epoch", columns, rows, remark, may_be_cut=not few)


def _cells(table: pd.DataFrame, evidence: Evidence) -> dict[tuple[str, float], Cell]:
    score, factor = evidence.score, evidence.score.factor
    decimals = 2 if is_percentage(score) else decimals_for(factor * (table["mean_high"] - table["mean_low"]) / 2)
    return {
        (str(arm), float(epoch)): Cell(
            f"{factor * mean:.{decimals}f}",
            order(factor * mean),
            detail=mean_interval(factor * low, factor * high, decimals),
        )
        for arm, epoch, mean, low, high in zip(
            *(table[name] for name in ("arm", "epoch", "mean", "mean_low", "mean_high")), strict=True
        )
    }


def _by_epoch(
    measured: dict[str, pd.DataFrame], cells: dict[tuple[str, float], Cell]
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    epochs = np.unique([epoch for _, epoch in cells])
    chosen = epochs[np.unique(np.linspace(0, len(epochs) - 1, min(len(epochs), MOST_EPOCHS)).round().astype(int))]
    lasts = [float(rows["epoch"].iloc[-1]) for rows in measured.values()]
    columns = (Column("epoch", numeric=True), *(Column(arm, numeric=True) for arm in measured))
    rows = tuple(
        (Cell(f"{epoch:g}", epoch), *(cells.get((arm, epoch), Cell(NOTHING)) for arm in measured))
        for epoch in map(float, np.union1d(chosen, lasts))
    )
    return columns, rows


def _by_arm(
    measured: dict[str, pd.DataFrame], cells: dict[tuple[str, float], Cell]
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """A few epochs that every arm has, the first among them, and each arm's own last."""
    before_last = min(len(rows) for rows in measured.values()) - 1
    chosen = list[float](np.unique(np.linspace(1, before_last, MOST_COLUMNS - 1).round())) if before_last else []
    columns = (
        Column("arm"),
        *(Column(f"epoch {epoch:g}", numeric=True) for epoch in chosen),
        Column("last epoch", numeric=True),
    )
    rows = []
    for arm, own in measured.items():
        last = float(own["epoch"].iloc[-1])
        rows.append((Cell(arm, arm), *(cells[arm, epoch] for epoch in chosen), cells[arm, last]))
    return columns, tuple(rows)


def _remark(evidence: Evidence, table: pd.DataFrame, measured: dict[str, pd.DataFrame]) -> str:
    score = evidence.score
    name = f"{capital(curve_name(score))} {value_unit(score)}".rstrip()
    without = ", without test-time augmentation" if score.measures_as(TTA_ACCURACY) else ""
    counts = {arm: int(rows["n"].iloc[0]) for arm, rows in measured.items()}
    fewest, most = min(counts.values()), max(counts.values())
    n = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"
    interval = "mean with its 95 % interval" if table["mean_low"].notna().any() else "mean"
    said = f"{name} after each epoch{without}: {interval}, n = {n} an arm."
    if len(measured) <= MOST_COLUMNS:
        return said
    ends = [float(rows["epoch"].iloc[-1]) for rows in measured.values()]
    length = f"{min(ends):g}" if min(ends) == max(ends) else f"{min(ends):g} to {max(ends):g}, as long as the arm is"
    return f"{said} The last is epoch {length}."
