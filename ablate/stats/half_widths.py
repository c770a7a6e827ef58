"""How wide a study's intervals will be, contrast by contrast, and after how many of its blocks: from how much trials vary."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from scipy import stats

from ablate.stats.looks import levels_of_looks
from ablate.stats.precision import Precision, precision_at, rounds_of
from ablate.stats.spreads import Spreads
from ablate.stats.verdicts import SIGNIFICANCE
from ablate.stats.wording import percent_of_log
from ablate.study import ContrastKind, Study
from ablate.study.looks import SHARES
from ablate.study.schedule import TrialSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A study with `blocks` finished blocks: the trials it has by then, and the `level` at which it is read.

    `rounds` holds how many blocks of times each process has given; none where times say nothing.
    """

    blocks: int
    level: float
    specs: tuple[TrialSpec, ...]
    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfWidths:
    """Half of the width of a contrast's intervals at each stage: of the score in its unit, of the time in percent; NaN: no interval."""

    subject: str
    kind: ContrastKind
    score: tuple[float, ...]
    time_percent: tuple[float, ...]


def stages_of(study: Study, schedule: Sequence[TrialSpec]) -> tuple[Stage, ...]:
    """The stages at a study's looks and its end; without looks at a quarter, half and three quarters of its blocks, each read at 0.05.

    `schedule` is the study's.
    """
    before = study.looks or sorted({-(-study.blocks * part // SHARES) for part in range(1, SHARES)})
    reached = [*(blocks for blocks in before if 1 < blocks < study.blocks), study.blocks]
    levels = levels_of_looks(study) if study.looks else [SIGNIFICANCE] * len(reached)
    return tuple(_stage(study, schedule, blocks, level) for blocks, level in zip(reached, levels, strict=True))


def _stage(study: Study, schedule: Sequence[TrialSpec], blocks: int, level: float) -> Stage:
    def is_asked(spec: TrialSpec) -> bool:
        return spec.measures != "time" and spec.block < blocks

    if blocks == study.blocks:
        specs = tuple(schedule)
    elif study.parallel > 1:
        specs = tuple(spec for spec in schedule if spec.measures == "time" or is_asked(spec))
    else:
        last = max((place for place, spec in enumerate(schedule) if is_asked(spec)), default=-1)
        specs = tuple(schedule[: last + 1])
    return Stage(blocks=blocks, level=level, specs=specs, rounds=rounds_of(study, specs))


def half_widths(study: Study, spreads: Spreads, stages: Sequence[Stage]) -> tuple[HalfWidths, ...]:
    """Those of each contrast of a study, in its order, should trials vary as `spreads` say.

    Source: Student's t. For contrasts of two arms rule 3 of measurement.md: the paired difference by block (of arms that draw
    seeds of their own, independent ones), and one value a process, the mean over its blocks. For averages least squares; see `averaged`.
    """
    found = []
    for contrast in study.contrasts:
        precise = [precision_at(study, contrast, spreads, blocks=stage.blocks, rounds=stage.rounds) for stage in stages]
        both = [half_width(each, stage.level) for each, stage in zip(precise, stages, strict=True)]
        found.append(
            HalfWidths(
                subject=contrast.subject,
                kind=contrast.kind,
                score=tuple(score for score, _ in both),
                time_percent=tuple(time for _, time in both),
            )
        )
    return tuple(found)


def half_width(precision: Precision, level: float = SIGNIFICANCE) -> tuple[float, float]:
    """Of intervals at 1 - `level`: of the score in its unit, and of the time in percent."""

    def of(error: float, degrees: int) -> float:
        return float(stats.t.isf(level / 2, degrees)) * error if degrees > 0 else nan

    score = of(precision.score_error, precision.score_degrees)
    return score, percent_of_log(of(precision.time_error, precision.time_degrees))
