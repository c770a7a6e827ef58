"""The one sentence at the top of a report."""

from collections import Counter
from collections.abc import Sequence
from math import isfinite

from ablate.report.against_published import verdict_against_published
from ablate.report.answers import clear_shares
from ablate.report.wording import score_said
from ablate.stats import Effect
from ablate.stats.evidence import Evidence
from ablate.stats.frames import trials_each
from ablate.stats.score_words import short_name, value_words
from ablate.stats.sentences import time_said
from ablate.stats.wording import AVERAGED, counted, saved_words

_VERDICT_ORDER = ("better", "worse", "equivalent", "identical", "inconclusive", "no verdict")


def headline(evidence: Evidence) -> str:
    """What the study shows, or why it shows nothing, in one or two sentences that need nothing beside them."""
    said = _finding(evidence)
    return f"{said} Measured with: {evidence.conditions}." if evidence.conditions and evidence.usable_trials else said


def _finding(evidence: Evidence) -> str:
    if evidence.frame.empty:
        return "Nothing can be concluded yet: no trial has finished."
    if not evidence.usable_trials:
        return f"Nothing can be concluded: none of {counted(evidence.lost_trials, 'trial')} gave a result."
    if evidence.mixes_data:
        return "Nothing can be compared: the trials ran on different data sets."
    questions = [effect for effect in evidence.effects if effect.kind != "aa"]
    if not evidence.effects:
        return _without_contrasts(evidence)
    if not questions:
        return _calibration(evidence)
    measured = [effect for effect in questions if effect.is_measured]
    if not measured:
        return f"No effect was measured: {questions[0].note}."
    whole = [effect for effect in measured if effect.kind == "total"]
    averages = [effect for effect in measured if effect.is_averaged]
    if averages:
        first = f"{_one(evidence, whole[0])}{verdict_against_published(evidence, whole[0])} " if whole else ""
        return f"{first}{_several(evidence, averages)}"
    if whole or len(measured) == 1:
        chosen = (whole or measured)[0]
        published = verdict_against_published(evidence, chosen)
        return f"{_one(evidence, chosen)}{published}{_at_equal_score(evidence, chosen)}{_shares(evidence)}"
    return _several(evidence, measured)


def _without_contrasts(evidence: Evidence) -> str:
    arms = evidence.arm_rows
    if len(arms) > 1:
        return f"{len(arms)} arms were trained and no contrast between them was asked for, so there are no effects."
    (arm,) = arms
    return (
        f"Arm '{arm['arm']}' reached {value_words(arm['score_mean'], evidence.score)} in {arm['time_seconds_mean']:.3g} s "
        f"({trials_each(evidence.arms)}). One arm alone says nothing about a feature: that takes a second one."
    )


def _calibration(evidence: Evidence) -> str:
    pairs = "; ".join(
        f"'{effect.with_arm}': {time_said(effect)}, {score_said(effect, evidence.score)}" for effect in evidence.effects
    )
    return f"A/A, the same recipe against itself: {pairs}. All of it should be nothing, within the intervals."


def _one(evidence: Evidence, effect: Effect) -> str:
    seconds = ""
    if isfinite(effect.with_time_seconds):
        seconds = f" ({effect.without_time_seconds:.4g} s to {effect.with_time_seconds:.4g} s)"
    subject = "All together" if effect.kind == "total" else evidence.title_of(effect.subject)
    score = evidence.score
    verdict = f"time {effect.time_verdict}, {short_name(score)} {effect.score_verdict}"
    if effect.blocks == 0:
        verdict = "no verdict" if effect.time_verdict == "no verdict" else f"time {effect.time_verdict}"
    elif effect.time_verdict == effect.score_verdict == "no verdict":
        verdict = "no verdict on either"
    return f"{subject}: {time_said(effect)}{seconds}; {score_said(effect, score, full=True)}: {verdict}."


def _at_equal_score(evidence: Evidence, effect: Effect) -> str:
    """What a study at several lengths was run for: " At equal accuracy it saves 16.9 % of the time [13.0, 20.6]."; "" of others."""
    data = evidence.equal_accuracy
    if data is None or effect.without_arm != evidence.starting_arm:
        return ""
    row = next((row for row in data.to_dict("records") if row["arm"] == effect.with_arm), None)
    if row is None:
        return ""
    if not isfinite(row["time_percent"]):
        return f" At equal {short_name(evidence.score)}: {row['note']}."
    saved = saved_words(-row["time_percent"], -row["time_high_percent"], -row["time_low_percent"], of=" of the time")
    note = f"; {row['note']}" if row["note"] else ""
    return f" At equal {short_name(evidence.score)} it {saved}{note}."


def _shares(evidence: Evidence) -> str:
    """What a factorial study was run for: " Fair shares that differ from zero: of time …; of accuracy …. …"; "" of any other."""
    if not evidence.is_factorial or evidence.shapley is None or evidence.interactions is None:
        return ""
    if not evidence.shapley.shares:
        return f" No fair shares: {evidence.shapley.note}."
    if not any(
        isfinite(share.score_low) or isfinite(share.time_saved_low_percent) for share in evidence.shapley.shares
    ):
        return " No share has an interval yet."
    timed, gained = clear_shares(evidence, evidence.shapley.shares)
    found = [
        f"of {outcome} {', '.join(names)}"
        for outcome, names in (("time", timed), (short_name(evidence.score), gained))
        if names
    ]
    shares = (
        f"Fair shares whose interval misses zero: {'; '.join(found)}." if found else "No share's interval misses zero."
    )
    pairs = evidence.interactions
    settled = ((pairs["time_p_holm"] < evidence.level) | (pairs["score_p_holm"] < evidence.level)).sum()
    verb = "are" if settled > 1 else "is"
    return f" {shares} {settled or 'None'} of {counted(len(pairs), 'interaction')} {verb} settled."


def _several(evidence: Evidence, effects: Sequence[Effect]) -> str:
    subjects = len({effect.subject for effect in effects})
    of = f"Of {counted(len(effects), 'effect')}" + (f" of {subjects} features" if subjects != len(effects) else "")
    if any(effect.is_averaged for effect in effects):
        of += f", each {AVERAGED}"
    if all(effect.time_verdict == effect.score_verdict == "no verdict" for effect in effects):
        counts = "none has a verdict"
    else:
        time = _tally([effect.time_verdict for effect in effects])
        scored = any(effect.blocks for effect in effects)
        scores = _tally([effect.score_verdict for effect in effects]) if scored else "was not measured"
        counts = f"time {time}; {short_name(evidence.score)} {scores}"
    timed = [effect for effect in effects if isfinite(effect.time_percent)]
    largest = max(timed, key=lambda effect: abs(effect.time_saved_percent), default=None)
    if largest is None:
        return f"{of}, {counts}."
    found = f"{time_said(largest)}, {score_said(largest, evidence.score)}"
    return f"{of}, {counts}. Largest on time: {evidence.title_of(largest.subject)}, {found}."


def _tally(verdicts: Sequence[str]) -> str:
    counts = Counter(verdicts)
    if set(counts) == {"no verdict"}:
        return "has no verdict"
    return "is " + ", ".join(f"{verdict} in {counts[verdict]}" for verdict in _VERDICT_ORDER if counts[verdict])
