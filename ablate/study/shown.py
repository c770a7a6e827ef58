"""A study as a notebook shows it. Free of torch."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from ablate.formats.notebook import facts, items, name, paragraph, shown, table

if TYPE_CHECKING:
    from ablate.study.arms import Arm
    from ablate.study.study import Study

MOST_COLUMNS = 12
"""Features that have a column each; more are told by name in one."""

MOST_ROWS = 40
"""Arms that are listed; of more, those at both ends."""


def study_html(study: "Study") -> str:
    """The question, what is compared how often, and which arm has which features on."""
    kinds = Counter(contrast.kind for contrast in study.contrasts)
    asked = ", ".join(f"{number} {kind.replace('_', '-')}" for kind, number in kinds.items())
    pairs = (
        ("price", _price(study)),
        ("effects", asked or "none"),
        ("data, preset", f"{study.data}, {study.preset}"),
        ("seed", str(study.seed)),
        ("clock", "" if study.clock == "trial" else f"{study.clock}, {study.rounds} rounds of times in each process"),
        ("side by side", "" if study.parallel == 1 else f"{study.parallel} trainings at a time"),
        ("looks", f"after {', '.join(map(str, study.looks))} blocks" if study.looks else ""),
    )
    return shown(
        name(study.name),
        paragraph(study.question),
        facts(pairs),
        _arms(study),
        items(f"Left out: {arm}: {reason}" for arm, reason in study.left_out),
    )


def _price(study: "Study") -> str:
    trainings = len(study.arms) * study.blocks
    lengths = study.blocks * sum(arm.length for arm in study.arms)
    of_them = "" if lengths == trainings else f", as long as {lengths:,.4g} of the published length"
    at = f" in {study.processes} processes" if study.processes > 1 else " in one process"
    arms = f"{len(study.arms)} {'arm' if len(study.arms) == 1 else 'arms'}"
    blocks = f"{study.blocks:,} {'block' if study.blocks == 1 else 'blocks'}"
    return f"{arms} × {blocks} = {trainings:,} trainings{at}{of_them}"


def _arms(study: "Study") -> Markup:
    named = list(dict.fromkeys(each for arm in study.arms for each in sorted(arm.features)))
    lengths = any(arm.length != 1.0 for arm in study.arms)
    matrix = 0 < len(named) <= MOST_COLUMNS
    columns = named if matrix else ["features on"]
    headings = ("arm", *(("length",) if lengths else ()), *columns)
    first = 1 + lengths
    kinds = {
        **({1: "numeric"} if lengths else {}),
        **(dict.fromkeys(range(first, len(headings)), "mark") if matrix else {}),
    }

    def row(arm: "Arm") -> tuple[str, ...]:
        length = (f"{arm.length:g}",) if lengths else ()
        if matrix:
            return (arm.name, *length, *("●" if each in arm.features else "" for each in named))
        return (arm.name, *length, _in_words(arm, named))

    rows = [row(arm) for arm in _ends(study.arms)]
    cut = len(study.arms) - len(rows)
    if cut:
        blank = ("",) * (len(headings) - 1)
        rows.insert(MOST_ROWS // 2, (f"… {cut:,} more", *blank))
    return table(headings, rows, kinds=kinds)


def _ends(arms: "Sequence[Arm]") -> "Sequence[Arm]":
    half = MOST_ROWS // 2
    return arms if len(arms) <= MOST_ROWS else (*arms[:half], *arms[-half:])


def _in_words(arm: "Arm", named: Sequence[str]) -> str:
    """The features by name, or what is missing where that is shorter."""
    off = [each for each in named if each not in arm.features]
    if not off:
        return "all" if named else "none"
    if len(off) < len(arm.features):
        return f"all but {', '.join(off)}"
    return ", ".join(sorted(arm.features)) or "none"
