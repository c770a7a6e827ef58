"""When a study will know how much: the half-widths of its intervals, and the minutes until then. Torch-free."""

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.engine.prices import Prices
from ablate.stats.half_widths import HalfWidths, half_widths, stages_of
from ablate.stats.spreads import Spreads
from ablate.store.resolved import ResolvedStudy
from ablate.study.schedule import TrialSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A number of finished blocks, the minutes until they are (NaN: nobody knows; 0: they are), and the level of intervals then."""

    blocks: int
    minutes: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What each effect's intervals will be, at a study's looks or at quarters of its blocks, and whose spreads that supposes."""

    moments: tuple[Moment, ...]
    effects: tuple[HalfWidths, ...]
    spreads_source: str


def outlook(resolved: ResolvedStudy, spreads: Spreads, prices: Prices, pending: Sequence[TrialSpec]) -> Outlook:
    """The outlook of a study of which these trials are left to run."""
    stages = stages_of(resolved.study, resolved.schedule)
    left = {spec.key for spec in pending}
    return Outlook(
        moments=tuple(
            Moment(
                blocks=stage.blocks,
                minutes=prices.seconds([spec for spec in stage.specs if spec.key in left]) / 60,
                level=stage.level,
            )
            for stage in stages
        ),
        effects=half_widths(resolved.study, spreads, stages),
        spreads_source=spreads.source,
    )
