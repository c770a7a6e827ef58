"""Which arms and contrasts of two run folders are the same, whatever each folder calls them. Free of torch."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ablate.stats import Effect
from ablate.stats.evidence import Evidence
from ablate.stats.frames import usable
from ablate.store.importers import IMPORTED_MARK

ArmPair: TypeAlias = tuple[str, str]
"""The name of an arm in the first folder, and in the second."""

_Identity: TypeAlias = tuple[str, str, bool]
"""What makes an arm the one it is: "recipe" and a fingerprint, or "name" and a name; and whether it is an A/A twin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Arms and contrasts that two folders share, each pair once, in the first folder's order.

    `by_name` says that a folder's recipes are not known, so that its arms were taken for those of the same name. `renamed` holds
    the names that stand for one recipe in the first folder and for another in the second.
    """

    arms: tuple[ArmPair, ...]
    contrasts: tuple[tuple[Effect, Effect], ...]
    by_name: bool
    renamed: tuple[str, ...]


def match(first: Evidence, second: Evidence) -> Match:
    """Match arms by their recipes' fingerprints, which hold scale and length too, and contrasts by their two arms.

    A twin is matched with a twin only. Where several arms of a folder train one recipe, those of one name are matched first.
    A contrast is the same question whichever design asked it: silu on its own is the first step of a ladder that begins with it.
    """
    by_name = not (_knows_recipes(first) and _knows_recipes(second))
    sides = [_arms_by_identity(evidence, by_name=by_name) for evidence in (first, second)]
    pairs = {}
    for identity, names in sides[0].items():
        pairs.update(_paired(names, sides[1].get(identity, [])))
    ours, theirs = ({name: identity for identity, names in side.items() for name in names} for side in sides)
    return Match(
        arms=tuple((arm.name, pairs[arm.name]) for arm in first.resolved.study.arms if arm.name in pairs),
        contrasts=(*_same_questions(first.effects, second.effects, pairs), *_same_averages(first, second)),
        by_name=by_name,
        renamed=tuple(name for name in ours if name in theirs and ours[name] != theirs[name]),
    )


def _knows_recipes(evidence: Evidence) -> bool:
    """Whether every arm has a fingerprint that says what it trains; that of an imported arm repeats its name."""
    fingerprints = evidence.resolved.fingerprints
    return IMPORTED_MARK not in evidence.marks and all(
        fingerprints.get(arm.name) for arm in evidence.resolved.study.arms
    )


def _arms_by_identity(evidence: Evidence, *, by_name: bool) -> dict[_Identity, list[str]]:
    found: dict[_Identity, list[str]] = defaultdict(list)
    for arm in evidence.resolved.study.arms:
        what = ("name", arm.name) if by_name else ("recipe", evidence.resolved.fingerprints[arm.name])
        found[*what, arm.name in evidence.twins].append(arm.name)
    return found


def _paired(ours: Sequence[str], theirs: Sequence[str]) -> dict[str, str]:
    """Arms of one recipe: those of one name first, the rest in their order."""
    same = {name: name for name in ours if name in theirs}
    rest = zip([name for name in ours if name not in same], [name for name in theirs if name not in same], strict=False)
    return same | dict(rest)


def _same_questions(
    first: Sequence[Effect], second: Sequence[Effect], pairs: dict[str, str]
) -> list[tuple[Effect, Effect]]:
    """Each question once, a question of one kind and subject in both folders before one that they ask differently."""
    theirs: dict[ArmPair, list[Effect]] = defaultdict(list)
    for effect in second:
        theirs[effect.with_arm, effect.without_arm].append(effect)
    ours: dict[ArmPair, list[Effect]] = defaultdict(list)
    for effect in first:
        ours[effect.with_arm, effect.without_arm].append(effect)
    found = []
    for (with_arm, without_arm), asked in ours.items():
        others = theirs.get((pairs.get(with_arm, ""), pairs.get(without_arm, "")), [])
        alike = [(one, other) for one in asked for other in others]
        if alike:
            found.append(max(alike, key=lambda both: _likeness(*both)))
    return found


def _same_averages(first: Evidence, second: Evidence) -> list[tuple[Effect, Effect]]:
    """Average effects of one subject over the same others; over different others they are different questions."""
    ours, theirs = (
        {effect.subject: effect for effect in evidence.effects if effect.is_averaged} for evidence in (first, second)
    )
    return [(ours[subject], theirs[subject]) for subject in ours] if ours.keys() == theirs.keys() else []


def _likeness(one: Effect, other: Effect) -> int:
    return 2 * (one.kind == other.kind) + (one.subject == other.subject)


def same_trainings(first: Evidence, second: Evidence, matched: Match) -> tuple[int, int]:
    """How many trials of matched arms have one seed in both folders, and in how many of them the scores are equal."""
    if matched.by_name:
        return 0, 0
    ours, theirs = (_score_by_seed(evidence) for evidence in (first, second))
    names = dict(matched.arms)
    both = [
        (score, theirs[names[arm], seed])
        for (arm, seed), score in ours.items()
        if arm in names and (names[arm], seed) in theirs
    ]
    return len(both), sum(one == other for one, other in both)


def _score_by_seed(evidence: Evidence) -> dict[tuple[str, int], float]:
    good = evidence.frame[usable(evidence.frame)]
    return {
        (str(arm), int(seed)): float(score)
        for arm, seed, score in zip(good["arm"], good["seed"], good["score"], strict=True)
    }
