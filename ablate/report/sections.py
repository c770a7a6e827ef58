"""The tables of a report in their order, the same in every format that people read."""

from ablate.report.answers import answers
from ablate.report.by_epoch import epochs_table
from ablate.report.reaching import reaching_table
from ablate.report.tables import Table, arms_table, effects_table
from ablate.stats.evidence import Evidence


def tables(evidence: Evidence, target: float | None = None) -> tuple[Table, ...]:
    """What the study asked, its effects, its arms, the trials that reach a `target`, and its curves."""
    further = (
        None if target is None else reaching_table(evidence, target),
        epochs_table(evidence),
    )
    return (
        *answers(evidence),
        *([effects_table(evidence)] if evidence.effects else []),
        arms_table(evidence),
        *(table for table in further if table is not None),
    )
