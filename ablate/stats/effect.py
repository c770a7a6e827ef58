"""What one contrast has to say about a feature, in numbers and in words."""

from dataclasses import dataclass

from ablate.stats.verdicts import FEWEST_BLOCKS, Verdict

BEYOND_REACH = -1
"""In place of a number of further blocks or processes: more than anyone could run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What `subject` does, as measured by one contrast; every difference is with it minus without it, every interval 95 %.

    `time_saved_…` is what people read: time saved in percent of the time without it, positive is better. `time_percent` and its
    ends are the raw change, with over without: negative is faster. `score_change` and its ends are in the unit of the study's score
    (percentage points of TTA accuracy), and positive is better there too: of a score of which less is better, by how much it fell.
    `…_family_…` are the ends of the simultaneous interval, which
    allows for the study's `time_family` or `score_family` contrasts; NaN for a contrast too small for a verdict.

    `with_score` and `without_score` are means as trials hold them. `accuracy_…_pp` is of accuracy without test-time augmentation,
    where trials have one. `blocks` counts the pairs behind the score, `time_blocks` those whose two trials also ran in one process, and
    `processes` the values behind the time's interval. `score_sd` and `accuracy_sd_pp` are the spread of the
    paired differences, `time_sd_percent` that of the process values, `time_within_sd_percent` that of the pairs within a
    process. `…_p` is two-sided and belongs to the interval; `…_p_holm` is adjusted over the study's contrasts. `…_more_…` says
    how many more would settle an inconclusive verdict (0: nothing to settle, -1: more than anyone could run). What could not
    be computed is NaN, and `note` says why in a sentence.

    Of an averaged effect the two sides are the arms with the subject and those without, `with_…` and `without_…` their means by
    block, `score_sd` over the root of `blocks` is the standard error, and `with_arm` and `without_arm` name no arm.

    The `raw_…` numbers are `arm` minus `reference` as the study ran them, whatever is better: for leave-one-out the arm is the one
    without.
    """

    subject: str
    kind: str
    with_arm: str
    without_arm: str
    blocks: int
    time_blocks: int
    processes: int
    score_change: float
    score_low: float
    score_high: float
    score_family_low: float
    score_family_high: float
    score_family: int
    score_sd: float
    score_correlation: float
    score_p: float
    score_p_holm: float
    score_verdict: Verdict
    score_more_blocks: int
    accuracy_pp: float
    accuracy_low_pp: float
    accuracy_high_pp: float
    accuracy_sd_pp: float
    accuracy_correlation: float
    accuracy_p: float
    time_saved_percent: float
    time_saved_low_percent: float
    time_saved_high_percent: float
    time_saved_family_low_percent: float
    time_saved_family_high_percent: float
    time_family: int
    time_percent: float
    time_low_percent: float
    time_high_percent: float
    time_sd_percent: float
    time_within_sd_percent: float
    time_p: float
    time_p_holm: float
    time_verdict: Verdict
    time_more_processes: int
    with_score: float
    without_score: float
    with_time_seconds: float
    without_time_seconds: float
    arm: str
    reference: str
    raw_score_change: float
    raw_accuracy_pp: float
    raw_time_seconds: float
    raw_time_percent: float
    headline: str = ""
    sentence: str = ""
    note: str = ""

    @property
    def is_averaged(self) -> bool:
        """Whether it is an average over the others being on or off, from all arms of a screening; then a block has many trials."""
        return self.kind == "screening"

    @property
    def has_few_blocks(self) -> bool:
        """Whether too few blocks stand behind it for a verdict."""
        if self.is_averaged:
            return 0 < self.blocks < FEWEST_BLOCKS and self.score_verdict == "no verdict"
        return 0 < self.blocks < FEWEST_BLOCKS

    @property
    def is_measured(self) -> bool:
        """Whether any block tells it, if only its time."""
        return self.blocks > 0 or self.time_blocks > 0

    @property
    def time_seen_alone(self) -> bool:
        """Whether the interval of time misses zero and yet the verdict, which allows for all contrasts, is open."""
        return self.time_verdict == "inconclusive" and misses_zero(self.time_low_percent, self.time_high_percent)

    @property
    def score_seen_alone(self) -> bool:
        """`time_seen_alone` for the score."""
        return self.score_verdict == "inconclusive" and misses_zero(self.score_low, self.score_high)


def misses_zero(low: float, high: float) -> bool:
    """Whether an interval lies on one side of zero; one without ends does not."""
    return low > 0 or high < 0
