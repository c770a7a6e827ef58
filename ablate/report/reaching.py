"""What a report says of a target: how many of each arm's trials reach it, and after which epoch their mean curve does."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ablate.report.by_epoch import epochs_frame
from ablate.report.tables import Cell, Column, Table, order
from ablate.report.wording import NOTHING
from ablate.stats import shares_above
from ablate.stats.epochs import first_epoch_at
from ablate.stats.evidence import Evidence
from ablate.stats.score_words import curve_name
from ablate.stats.targets import as_trials_hold, percent_words, reached_words, share_interval
from ablate.study.score import TTA_ACCURACY


def reaching(evidence: Evidence, target: float) -> list[dict[str, Any]]:
    """`stats.shares_above` of each arm of the study that has trials, in their order, with what their mean curve does.

    `target` is as people write it, 94 for 94 %. `curves` counts the trials with a curve; `first_epoch` is the first after which their
    mean is at the target, None where it never is. No rows where trials mix data sets.

    Raises:
        UsageError: the score cannot reach the target.
    """
    score, target_score = evidence.score, as_trials_hold(target, evidence.score)
    if evidence.mixes_data:
        return []
    measured = {str(arm): rows for arm, rows in epochs_frame(evidence).groupby("arm", sort=False)}
    shares = shares_above(evidence.frame, target_score, score=score).set_index("arm", drop=False)
    found: list[dict[str, Any]] = []
    for arm in evidence.arms["arm"]:
        if arm not in shares.index:
            continue
        row: dict[str, Any] = {str(name): value for name, value in shares.loc[arm].items()}
        row |= {"curves": 0, "first_epoch": None}
        if arm in measured:
            epochs, means = (measured[arm][name].to_numpy(dtype=np.float64) for name in ("epoch", "mean"))
            row["curves"] = int(measured[arm]["n"].iloc[0])
            row["first_epoch"] = first_epoch_at(epochs, means, target_score, score)
        found.append(row)
    return found


def reaching_table(evidence: Evidence, target: float) -> Table | None:
    """`reaching` as a table, without epochs where no trial has a curve; None without rows."""
    rows = reaching(evidence, target)
    if not rows:
        return None
    score = evidence.score
    words = reached_words(as_trials_hold(target, score), score)
    columns = [Column("arm"), Column("n", numeric=True), Column(words, numeric=True), Column("share", numeric=True)]
    remark = f"Trials whose {score.title} is {words}; the share has its 95 % interval (Wilson)."
    cells = [_share_cells(row) for row in rows]
    if any(row["curves"] for row in rows):
        columns.append(Column("mean there after epoch", numeric=True))
        cells = [(*shares, _epoch_cell(row)) for shares, row in zip(cells, rows, strict=True)]
        without = " without test-time augmentation" if score.measures_as(TTA_ACCURACY) else ""
        remark += f" The last column has the first epoch after which the mean {curve_name(score)}{without} is {words}."
    return Table(f"Trials at {words}", tuple(columns), tuple(cells), remark, may_be_cut=True)


def _share_cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    arm, n, above = row["arm"], row["n"], row["above"]
    share = percent_words(above, n) if n else NOTHING
    return (
        Cell(arm, arm),
        Cell(f"{n:,}", float(n)),
        Cell(f"{above:,}", float(above)),
        Cell(share, order(row["share"]), detail=share_interval(row["share_low"], row["share_high"])),
    )


def _epoch_cell(row: Mapping[str, Any]) -> Cell:
    first = row["first_epoch"]
    if first is not None:
        return Cell(f"{first:g}", first)
    return Cell("never" if row["curves"] else NOTHING)
