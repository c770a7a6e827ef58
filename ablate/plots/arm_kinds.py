"""What a frontier says of the arms of a study: which it always names, and what kinds of them its legend has."""

from ablate.stats.evidence import Evidence

_MOST_KINDS = 6
"""Kinds of arms in the legend of a frontier."""


def landmarks(evidence: Evidence) -> list[str]:
    """The arms with nothing and with everything on, at their own length, that have a usable trial."""
    measured = set(evidence.arms["arm"][evidence.arms["trials"] > 0])
    ends: tuple[frozenset[str], ...] = (frozenset(), evidence.everything)
    return [
        arm.name
        for arm in evidence.resolved.study.arms
        if arm.features in ends and arm.length == 1 and arm.name not in evidence.twins and arm.name in measured
    ]


def arm_kinds(evidence: Evidence) -> dict[str, str]:
    """What each arm has on, in a few words: what is alone, what is taken away, or how many of how many."""
    players = len(evidence.everything)
    ends: dict[int, str] = {0: "baseline", players: "everything on"}
    stretched = {
        arm.name: f"{ends[len(arm.features)]}, another length"
        for arm in evidence.resolved.study.arms
        if len(arm.features) in ends and arm.length != 1
    }
    return stretched | _kinds_between(evidence, players)


def _kinds_between(evidence: Evidence, players: int) -> dict[str, str]:
    counts = {arm.name: len(arm.features) for arm in evidence.resolved.study.arms}
    between = {count for count in counts.values() if 0 < count < players}
    if between <= {1, players - 1}:
        words = {1: "one on, over the baseline", players - 1: "all but one"}
        return {name: words[count] for name, count in counts.items() if count in words}
    # A legend has room for a handful: with more counts than that, neighbours share a line.
    step = -(-len(between) // _MOST_KINDS)
    lows = {count: count - (count - 1) % step for count in between}
    return {
        name: f"{lows[count]} of {players} on"
        if step == 1
        else f"{lows[count]} to {lows[count] + step - 1} of {players} on"
        for name, count in sorted(counts.items(), key=lambda entry: entry[1])
        if count in lows
    }
