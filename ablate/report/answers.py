"""A study's own question answered first, as tables free of any format: shares, interactions, steps, times at equal accuracy."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from ablate.report.against_published import against_published_table
from ablate.report.gains import gained_cell, saved_cell
from ablate.report.looks import intervals_named
from ablate.report.tables import Cell, Column, Table, order
from ablate.report.wording import NOTHING, TOTAL, p_number
from ablate.stats import Attribution, Share
from ablate.stats.average_shares import INTERACTIONS
from ablate.stats.effect import misses_zero
from ablate.stats.evidence import Evidence
from ablate.stats.score_words import gain_name, short_name
from ablate.stats.wording import AVERAGED, saved_signed, start_words, that_of_start
from ablate.study.score import Score

SHARES = "Fair shares"
AVERAGE_SHARES = "Average shares"


def answers(evidence: Evidence) -> tuple[Table, ...]:
    """The tables that answer what the study asked, before anything else it can say; none where its effects are the answer.

    A factorial study asks for shares and interactions, one at several lengths for times at equal accuracy, a ladder for its steps, a
    screening for averages; and where something was published of what was measured, whether it holds is asked too.
    """
    if evidence.mixes_data or not evidence.usable_trials:
        return ()
    against = against_published_table(evidence)
    held = () if against is None else (against,)
    equal = () if evidence.equal_accuracy is None else (equal_accuracy_table(evidence),)
    if evidence.is_factorial:
        return (shares_table(evidence), interactions_table(evidence), *equal, *held)
    steps = (steps_table(evidence),) if evidence.ladder is not None and evidence.ladder.shares else ()
    if evidence.average_shares is not None:
        steps = (*steps, average_shares_table(evidence, evidence.average_shares))
    return (*equal, *steps, *held)


def shares_table(evidence: Evidence) -> Table:
    """Shapley values, which no order changes, with the ladder's step for the same subject where there is one; last the whole."""
    values, ladder = evidence.shapley, evidence.ladder
    if values is None or values.total is None:
        note = "" if values is None else values.note
        return Table(SHARES, (), (), f"There are none: {note}.")
    rungs = {share.subject: share for share in ladder.shares} if ladder is not None else {}
    beside = rungs.keys() == {share.subject for share in values.shares}
    columns = [Column(_heading(evidence, values.shares)), Column("time saved", numeric=True)]
    columns.append(Column(gain_name(evidence.score), numeric=True))
    if beside:
        columns.append(Column("as a step of the ladder", numeric=True))
    rows = []
    for share in (*values.shares, values.total):
        rung = rungs.get(share.subject) if share is not values.total else ladder.total if ladder is not None else None
        cells = [_name(evidence, share, values.total), *_gains(share, evidence.score)]
        if beside and rung is not None:
            cells.append(Cell(saved_signed(rung.time_saved_percent), order(rung.time_saved_percent)))
        rows.append(tuple(cells))
    return Table(
        SHARES,
        tuple(columns),
        tuple(rows),
        "Shapley values: each one's gain averaged over all orders of joining; time in percent of "
        f"{that_of_start(values.first_arm)}. They add up. Intervals are {intervals_named(evidence)}, each for itself.{_noted(values)}",
    )


def interactions_table(evidence: Evidence) -> Table:
    """Every pair: the effect of both together minus the sum of the two alone, the clearest first."""
    data = evidence.interactions
    pairs: list[dict[Any, Any]] = [] if data is None else data.to_dict("records")
    pairs.sort(key=lambda pair: min(_or_one(pair["time_p"]), _or_one(pair["score_p"])))
    rows = []
    for pair in pairs:
        names = [evidence.title_of(pair[side]) for side in ("first", "second")]
        rows.append(
            (
                Cell(" × ".join(names), " × ".join(names)),
                saved_cell(*(pair[f"time_saved_{end}"] for end in ("percent", "low_percent", "high_percent"))),
                Cell(p_number(pair["time_p_holm"]) or NOTHING, order(pair["time_p_holm"])),
                gained_cell(pair["score_change"], pair["score_low"], pair["score_high"], evidence.score),
                Cell(p_number(pair["score_p_holm"]) or NOTHING, order(pair["score_p_holm"])),
            )
        )
    columns = (
        Column("pair"),
        Column("time saved", numeric=True),
        Column("p (Holm), time", numeric=True),
        Column(gain_name(evidence.score), numeric=True),
        Column(f"p (Holm), {short_name(evidence.score)}", numeric=True),
    )
    return Table(
        "Interactions",
        columns,
        tuple(rows),
        f"Both together minus the sum of the two alone (of times, on the scale of logarithms): plus is better together. "
        f"The clearest first.{_why_unmeasured(pairs)}",
        may_be_cut=True,
    )


def steps_table(evidence: Evidence) -> Table:
    """A ladder's steps as shares of the time of the arm that they start from, which add up to the whole."""
    ladder = evidence.ladder
    if ladder is None or ladder.total is None:
        return Table("Steps", (), ())
    columns = (
        Column(_heading(evidence, ladder.shares)),
        Column("time saved", numeric=True),
        Column(gain_name(evidence.score), numeric=True),
    )
    score = evidence.score
    rows = tuple(
        (_name(evidence, share, ladder.total), *_gains(share, score)) for share in (*ladder.shares, ladder.total)
    )
    return Table(
        "Steps",
        columns,
        rows,
        f"Time in percent of {that_of_start(ladder.first_arm)}, so that the steps add up; among the effects below, each is in percent of "
        f"the time before it, and intervals there are not to first order as here.{_noted(ladder)}",
    )


def average_shares_table(evidence: Evidence, averages: Attribution) -> Table:
    """Average effects as shares of the time of the arm without any, with what they leave of the whole; last the whole."""
    if averages.total is None:
        return Table(AVERAGE_SHARES, (), (), f"There are none: {averages.note}.")
    columns = (
        Column(_heading(evidence, averages.shares)),
        Column("time saved", numeric=True),
        Column(gain_name(evidence.score), numeric=True),
    )
    has_rest = any(share.subject == INTERACTIONS for share in averages.shares)
    left = ", and what that leaves of the whole for features that work together" if has_rest else ""
    score = evidence.score
    rows = tuple(
        (_name(evidence, share, averages.total), *_gains(share, score)) for share in (*averages.shares, averages.total)
    )
    return Table(
        AVERAGE_SHARES,
        columns,
        rows,
        f"What each does {AVERAGED}, time in percent of {that_of_start(averages.first_arm)}{left}. They add up, and are Shapley values "
        f"where no three work together. Intervals are {intervals_named(evidence)}, each for itself, and to first order.{_noted(averages)}",
    )


def equal_accuracy_table(evidence: Evidence) -> Table:
    """The time at which each arm reaches the reference's score, read off its lengths."""
    data = evidence.equal_accuracy
    rows = []
    for row in [] if data is None else data.to_dict("records"):
        read = isfinite(row["seconds"])
        rows.append(
            (
                Cell(row["arm"], row["arm"]),
                Cell(f"{row['seconds']:.4g} s" if read else "not read", order(row["seconds"])),
                saved_cell(
                    -row["time_percent"], -row["time_high_percent"], -row["time_low_percent"], otherwise=NOTHING
                ),
                Cell(row["note"] or NOTHING),
            )
        )
    columns = (Column("arm"), Column("time", numeric=True), Column("time saved", numeric=True), Column("note"))
    return Table(
        f"At equal {short_name(evidence.score)}",
        columns,
        tuple(rows),
        f"Time to the mean {evidence.score.title} of {start_words(evidence.starting_arm)}; that of other arms is read off three lengths "
        "or more.",
    )


def clear_shares(evidence: Evidence, shares: Sequence[Share]) -> tuple[list[str], list[str]]:
    """The shares of time and of the score whose interval misses zero, the largest first: "Tuning +13.3 % [+11.1, +15.6]"."""
    timed = [s for s in shares if misses_zero(s.time_saved_low_percent, s.time_saved_high_percent)]
    gained = [s for s in shares if misses_zero(s.score_low, s.score_high)]
    timed.sort(key=lambda share: -abs(share.time_saved_percent))
    gained.sort(key=lambda share: -abs(share.score_change))
    return (
        [f"{evidence.title_of(share.subject)} {_gains(share, evidence.score)[0].line}" for share in timed],
        [f"{evidence.title_of(share.subject)} {_gains(share, evidence.score)[1].line}" for share in gained],
    )


def _why_unmeasured(pairs: Sequence[Mapping[Any, Any]]) -> str:
    """The reasons of pairs without numbers, each once."""
    reasons = dict.fromkeys(str(pair["note"]) for pair in pairs if pair["note"] and not isfinite(pair["score_change"]))
    return "".join(f" Not measured: {reason}." for reason in list(reasons)[:3])


def _noted(attribution: Attribution) -> str:
    return f" {attribution.note[:1].upper()}{attribution.note[1:]}." if attribution.note else ""


def _heading(evidence: Evidence, shares: Sequence[Share]) -> str:
    return "group" if any(share.subject in evidence.titles for share in shares) else "feature"


def _name(evidence: Evidence, share: Share, total: Share) -> Cell:
    if share is total:
        return Cell(TOTAL, TOTAL)
    title = evidence.title_of(share.subject)
    return Cell(title, title, detail=share.subject if share.subject != title else "")


def _gains(share: Share, score: Score) -> tuple[Cell, Cell]:
    """What a share saves of the time and gains in score."""
    return (
        saved_cell(share.time_saved_percent, share.time_saved_low_percent, share.time_saved_high_percent),
        gained_cell(share.score_change, share.score_low, share.score_high, score),
    )


def _or_one(p: float) -> float:
    return p if isfinite(p) else 1.0
