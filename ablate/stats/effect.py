"""What one contrast has to say about a feature, in numbers and in words."""

from dataclasses import dataclass

from ablate.stats.verdicts import Verdict

BEYOND_REACH = -1
"""In place of a number of further blocks or processes: more than anyone could run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What `subject` does, as measured by one contrast; every difference is with it minus without it, every interval 95 %.

    `blocks` counts the pairs behind the accuracies, `time_blocks` those whose two trials also ran in one process, and
    `processes` the values behind the time's interval. A negative `time_percent` is faster. `…_sd_pp` is the spread of the
    paired differences, `time_sd_percent` that of the process values, `time_within_sd_percent` that of the pairs within a
    process. `…_p` is two-sided and belongs to the interval; `…_p_holm` is adjusted over the study's contrasts. `…_more_…` says
    how many more would settle an inconclusive verdict (0: nothing to settle, -1: more than anyone could run). What could not
    be computed is NaN, and `note` says why in a sentence.

    The `raw_…` numbers are `arm` minus `reference` as the study ran them: for leave-one-out the arm is the one without.
    """

    subject: str
    kind: str
    with_arm: str
    without_arm: str
    blocks: int
    time_blocks: int
    processes: int
    tta_accuracy_pp: float
    tta_accuracy_low_pp: float
    tta_accuracy_high_pp: float
    tta_accuracy_sd_pp: float
    tta_accuracy_correlation: float
    tta_accuracy_p: float
    tta_accuracy_p_holm: float
    tta_accuracy_verdict: Verdict
    tta_accuracy_more_blocks: int
    accuracy_pp: float
    accuracy_low_pp: float
    accuracy_high_pp: float
    accuracy_sd_pp: float
    accuracy_correlation: float
    accuracy_p: float
    time_percent: float
    time_low_percent: float
    time_high_percent: float
    time_sd_percent: float
    time_within_sd_percent: float
    time_p: float
    time_p_holm: float
    time_verdict: Verdict
    time_more_processes: int
    with_tta_accuracy: float
    without_tta_accuracy: float
    with_time_seconds: float
    without_time_seconds: float
    arm: str
    reference: str
    raw_tta_accuracy_pp: float
    raw_accuracy_pp: float
    raw_time_seconds: float
    raw_time_percent: float
    headline: str = ""
    sentence: str = ""
    note: str = ""
