"""Statements about trials: effects, claims, power, equal accuracy, attribution. Free of torch."""

from ablate.stats.against_published import AgainstPublished, against_published
from ablate.stats.attribution import Attribution, Share
from ablate.stats.average_shares import Screened, average_shares
from ablate.stats.claims import Claim, claim
from ablate.stats.effect import BEYOND_REACH, Effect
from ablate.stats.effects import effects, effects_frame, list_effects
from ablate.stats.epochs import by_epoch
from ablate.stats.equal_accuracy import EqualAccuracy, equal_accuracy
from ablate.stats.frames import arm_summary, trials_frame
from ablate.stats.interactions import Interaction, interactions
from ablate.stats.ladder import ladder
from ablate.stats.looks import Look, look_at
from ablate.stats.multiplicity import holm
from ablate.stats.pareto import pareto_front
from ablate.stats.power import Visible, blocks_needed, processes_needed, trials_each_needed, visible
from ablate.stats.shapley import shapley
from ablate.stats.spreads import PUBLISHED_SPREADS, Spreads, measured_spreads
from ablate.stats.targets import shares_above
from ablate.stats.verdicts import Margins, Verdict

__all__ = [
    "BEYOND_REACH",
    "PUBLISHED_SPREADS",
    "AgainstPublished",
    "Attribution",
    "Claim",
    "Effect",
    "EqualAccuracy",
    "Interaction",
    "Look",
    "Margins",
    "Screened",
    "Share",
    "Spreads",
    "Verdict",
    "Visible",
    "against_published",
    "arm_summary",
    "average_shares",
    "blocks_needed",
    "by_epoch",
    "claim",
    "effects",
    "effects_frame",
    "equal_accuracy",
    "holm",
    "interactions",
    "ladder",
    "list_effects",
    "look_at",
    "measured_spreads",
    "pareto_front",
    "processes_needed",
    "shapley",
    "shares_above",
    "trials_each_needed",
    "trials_frame",
    "visible",
]
