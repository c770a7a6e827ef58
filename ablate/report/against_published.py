"""The table of effects beside what was published of the same steps."""

from ablate.report.gains import gained_cell, saved_cell
from ablate.report.looks import intervals_named
from ablate.report.tables import Cell, Column, Table, order
from ablate.report.wording import NOTHING, TOTAL, p_words
from ablate.stats import AgainstPublished, Effect, Margins
from ablate.stats.effect import misses_zero
from ablate.stats.evidence import Evidence
from ablate.stats.score_words import change_words, gain_name, gain_words
from ablate.stats.sentences import seen_alone

TITLE = "Against what was published"

_MOST_SOURCES = 3
"""How many sources are told with the places in them; of more, who published."""

_TONES = {
    "as published": "equivalent",
    "better than published": "better",
    "worse than published": "worse",
    "open": "inconclusive",
    "no verdict": "no verdict",
}


def against_published_table(evidence: Evidence) -> Table | None:
    """Each effect on the score that a published ladder has too, with whether it is as published; None where none has."""
    compared = evidence.against_published
    if not compared:
        return None
    score, gained = evidence.score, gain_name(evidence.score)
    columns = (
        Column("step"),
        Column(f"{gained}, published", numeric=True),
        Column("here", numeric=True),
        Column("difference", numeric=True),
        Column("verdict"),
        Column("time saved, published", numeric=True, extra=True),
    )
    rows = tuple(
        (
            _step(evidence, each),
            Cell(gain_words(each.published_change, score), order(each.published_change), _trials(each)),
            gained_cell(each.change, each.low, each.high, score),
            gained_cell(each.difference, each.difference_low, each.difference_high, score),
            Cell(each.verdict, each.verdict, detail=_why(each), tone=_TONES[each.verdict]),
            saved_cell(each.published_time_saved_percent, otherwise=NOTHING),
        )
        for each in compared
    )
    return Table(TITLE, columns, rows, _remark(evidence))


def verdict_against_published(evidence: Evidence, effect: Effect) -> str:
    """Whether one effect is as published, in a sentence that follows what it is; "" where that is open or nothing was published."""
    sides = (effect.with_arm, effect.without_arm)
    for each in evidence.against_published:
        if (each.with_arm, each.without_arm) != sides or each.verdict in ("open", "no verdict"):
            continue
        size = "" if evidence.resolved.preset == "full" else " at full size"
        published = change_words(each.published_change, evidence.score, full=True)
        p = "" if each.verdict == "as published" else f" ({p_words(each.p_holm, of='p (Holm)')})"
        return f" Published{size}: {published}; here {each.verdict}{p}."
    return ""


def _step(evidence: Evidence, each: AgainstPublished) -> Cell:
    title = TOTAL if each.kind == "total" else evidence.title_of(each.subject)
    return Cell(title, title)


def _why(each: AgainstPublished) -> str:
    if each.verdict == "no verdict":
        return each.note
    if each.verdict == "as published":
        return ""
    alone = each.verdict == "open" and misses_zero(each.difference_low, each.difference_high)
    return "; ".join(filter(None, (p_words(each.p_holm, of="p (Holm)"), seen_alone(each.family) if alone else "")))


def _trials(each: AgainstPublished) -> str:
    below, above = (f"{number:,}" if number else "?" for number in each.published_trials)
    return "" if not any(each.published_trials) else f"n = {above}" if below == above else f"n = {below} and {above}"


def _remark(evidence: Evidence) -> str:
    ladders = {ladder.slug: ladder for ladder in evidence.resolved.ladders}
    used = [ladders[slug] for slug in dict.fromkeys(each.ladder for each in evidence.against_published)]
    sources = list(dict.fromkeys(rung.source for ladder in used for rung in ladder.rungs))
    if len(sources) > _MOST_SOURCES:
        # Each rung has a place of its own in a file, which `ablate recipes` tells.
        sources = list(dict.fromkeys(source.split(",")[0] for source in sources))
    devices = "; ".join(dict.fromkeys(ladder.device for ladder in used if ladder.device))
    measured = f", measured on {devices}" if devices else ""
    unknown = any(0 in each.published_trials for each in evidence.against_published)
    one = ", of which there was one where no number was published" if unknown else ""
    margin = f"{Margins().of_score(evidence.score):g} {evidence.score.unit}"
    conditions = f" Here: {evidence.conditions}." if evidence.conditions else ""
    return (
        f"Published by {'; '.join(sources)}{measured}.{conditions} The difference is here minus published. Intervals are "
        f"{intervals_named(evidence)}, each for itself; that of a difference supposes that published trainings scatter as those here{one}, "
        f"and allows for the rounding of published numbers; p (Holm) allows for all such comparisons. As published: the interval lies "
        f"within ±{margin}. Times depend on the machine and get no verdict."
    )
