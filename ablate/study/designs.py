"""The designs: plain functions from names of features or groups to arms and contrasts. Free of torch."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from ablate.errors import UsageError, near_match_and_all
from ablate.study.arms import ALL, BASELINE, Arm, Contrast, Design, combine

MAX_SHAPLEY_PLAYERS = 7
MAX_FACTORIAL_PLAYERS = 10

_BASELINE_ARM = Arm(name=BASELINE, features=frozenset())


def names_of(names: Iterable[str]) -> tuple[str, ...]:
    """Names in their order; a text is one name."""
    return (names,) if isinstance(names, str) else tuple(names)


def players_of(names: Iterable[str]) -> tuple[str, ...]:
    """The names of a design, in their order.

    Raises:
        UsageError: no name, or one twice.
    """
    players = names_of(names)
    if not players:
        raise UsageError("A design needs at least one feature or group.")
    twice = [name for name in dict.fromkeys(players) if players.count(name) > 1]
    if twice:
        raise UsageError(f"'{twice[0]}' is named twice; a design takes each feature or group once.")
    return players


def _all_arm(players: Iterable[str]) -> Arm:
    return Arm(name=ALL, features=frozenset(players))


def total(names: Iterable[str]) -> Design:
    """Baseline against everything: arms "baseline" and "all", one contrast of kind "total"."""
    contrast = Contrast(subject=ALL, with_arm=ALL, without_arm=BASELINE, kind="total")
    return Design(arms=(_BASELINE_ARM, _all_arm(players_of(names))), contrasts=(contrast,))


def leave_one_out(names: Iterable[str]) -> Design:
    """What each name still adds when the others are on: arms "all" and "all - X" for each X."""
    players = players_of(names)
    whole = _all_arm(players)
    arms = [whole]
    for name in players:
        rest = whole.features - {name}
        arms.append(Arm(name=f"{ALL} - {name}", features=rest) if rest else _BASELINE_ARM)
    contrasts = tuple(
        Contrast(subject=name, with_arm=ALL, without_arm=arm.name, kind="leave_one_out")
        for name, arm in zip(players, arms[1:], strict=True)
    )
    return Design(arms=tuple(arms), contrasts=contrasts)


def add_one_in(names: Iterable[str]) -> Design:
    """What each name does on its own: arms "baseline" and "baseline + X" for each X."""
    players = players_of(names)
    arms = tuple(Arm(name=f"{BASELINE} + {name}", features=frozenset({name})) for name in players)
    contrasts = tuple(
        Contrast(subject=name, with_arm=arm.name, without_arm=BASELINE, kind="add_one_in")
        for name, arm in zip(players, arms, strict=True)
    )
    return Design(arms=(_BASELINE_ARM, *arms), contrasts=contrasts)


def ladder(names: Iterable[str]) -> Design:
    """The names put on one after the other, in the order given: arms "baseline", "+ X", "+ Y", …, the last of them everything.

    What a step shows depends on the steps before it.
    """
    players = players_of(names)
    arms = [_BASELINE_ARM]
    for step, name in enumerate(players):
        arms.append(Arm(name=f"+ {name}", features=frozenset(players[: step + 1])))
    steps = tuple(
        Contrast(subject=name, with_arm=after.name, without_arm=before.name, kind="ladder")
        for name, before, after in zip(players, arms, arms[1:], strict=False)
    )
    whole = Contrast(subject=ALL, with_arm=arms[-1].name, without_arm=BASELINE, kind="total")
    return Design(arms=tuple(arms), contrasts=(*steps, whole))


def full_factorial(names: Iterable[str]) -> Design:
    """Every subset of the names (at most 10), with each name's effect alone, among all others, and the total.

    Arms are named "baseline", "{X}", "{X, Y}", …, "all", with the names in the order given.

    Raises:
        UsageError: more than 10 names.
    """
    players = players_of(names)
    if len(players) > MAX_FACTORIAL_PLAYERS:
        raise UsageError(
            f"{len(players)} names make {2 ** len(players)} arms; a full factorial takes {MAX_FACTORIAL_PLAYERS} at most. "
            "Use groups instead of features."
        )
    every = _subsets(players)
    # `combine` keeps the first name of each recipe, so the one-name arms keep the factorial's spelling.
    whole = total(players)
    asked = combine(every, add_one_in(players), leave_one_out(players), whole)
    return Design(arms=every.arms, contrasts=asked.contrasts)


def shapley(names: Iterable[str]) -> Design:
    """Every subset of at most 7 names, for exact Shapley values and interactions; its contrasts are the ladder's.

    Arms are named as in `full_factorial`.

    Raises:
        UsageError: more than 7 names.
    """
    players = players_of(names)
    if len(players) > MAX_SHAPLEY_PLAYERS:
        raise UsageError(
            f"Exact Shapley values take {MAX_SHAPLEY_PLAYERS} names at most, here are {len(players)} "
            f"({2 ** len(players)} arms). Use groups instead of features, fewer of them, or a ladder."
        )
    every = _subsets(players)
    return Design(arms=every.arms, contrasts=combine(every, ladder(players)).contrasts)


def _subsets(players: Sequence[str]) -> Design:
    arms = []
    for size in range(len(players) + 1):
        for chosen in combinations(players, size):
            name = BASELINE if size == 0 else ALL if size == len(players) else "{" + ", ".join(chosen) + "}"
            arms.append(Arm(name=name, features=frozenset(chosen)))
    return Design(arms=tuple(arms), contrasts=())


def beside_others(arm: str) -> str:
    """What an arm is called once others are on in every arm: "others" for "baseline", "others + X" for "{X}"."""
    name = re.sub(rf"^{BASELINE}\b", "others", arm)
    braced = re.fullmatch(r"\{(.*?)\}(.*)", name)
    return " + ".join(["others", *braced[1].split(", ")]) + braced[2] if braced else name


def with_others(design: Design, others: Iterable[str]) -> Design:
    """The design with the same other names on in every arm: "baseline" becomes "others", "{X}" and "baseline + X" "others + X".

    Raises:
        UsageError: a name that the design has already.
    """
    common = frozenset(players_of(others))
    arms = []
    for arm in design.arms:
        if both := common & arm.features:
            raise UsageError(f"Arm '{arm.name}' has '{min(both)}' on already.")
        arms.append(replace(arm, name=beside_others(arm.name), features=arm.features | common))
    names = {before.name: after.name for before, after in zip(design.arms, arms, strict=True)}
    contrasts = tuple(
        each if each.is_averaged else replace(each, with_arm=names[each.with_arm], without_arm=names[each.without_arm])
        for each in design.contrasts
    )
    left_out = tuple((beside_others(arm), why) for arm, why in design.left_out)
    return replace(design, arms=tuple(arms), contrasts=contrasts, left_out=left_out)


def lengths(design: Design, factors: Iterable[float] = (0.85, 1.0, 1.15), of: Iterable[str] | None = None) -> Design:
    """Every arm at several lengths, for times at equal accuracy: "all" becomes "all @ 0.85", "all", "all @ 1.15".

    `factors` multiply the recipe's epochs. Of the arms in `of`, where given; the arm that sets the accuracy to reach needs its own
    length alone. Contrasts stay with the arms at their own length.

    Raises:
        UsageError: fewer than three different factors, none of them 1, an arm that has a length already, or one that is not there.
    """
    chosen = sorted(set(factors))
    if len(chosen) < 3 or 1.0 not in chosen:
        listed = ", ".join(f"{factor:g}" for factor in chosen)
        raise UsageError(f"Equal accuracy needs three lengths or more, 1 among them; got {listed or 'none'}.")
    names = [arm.name for arm in design.arms]
    asked = names if of is None else names_of(of)
    if not asked:
        raise UsageError(f"Lengths of no arm: leave out `of` for all, or name some of {', '.join(names)}.")
    for name in asked:
        if name not in names:
            raise UsageError(f"There is no arm '{name}' to give lengths to.{near_match_and_all(name, names)}")
    arms = []
    for arm in design.arms:
        if arm.name not in asked:
            arms.append(arm)
            continue
        if arm.length != 1.0:
            raise UsageError(f"Arm '{arm.name}' already has length {arm.length:g}; apply lengths once.")
        for factor in chosen:
            name = arm.name if factor == 1.0 else f"{arm.name} @ {factor:g}"
            arms.append(replace(arm, name=name, length=float(factor)))
    return replace(design, arms=tuple(arms))


def with_twin(design: Design, of: str = BASELINE) -> Design:
    """The design and an A/A twin of one arm: "X (twin)", the same recipe with a seed stream of its own.

    Raises:
        UsageError: the design has no arm of that name.
    """
    original = next((arm for arm in design.arms if arm.name == of), None)
    if original is None:
        raise UsageError(f"There is no arm '{of}' to give a twin to; arms: {', '.join(a.name for a in design.arms)}.")
    stream = 1 + max(arm.stream for arm in design.arms)
    twin = replace(original, name=f"{of} (twin)", stream=stream)
    contrast = Contrast(subject=twin.name, with_arm=twin.name, without_arm=of, kind="aa")
    return replace(design, arms=(*design.arms, twin), contrasts=(*design.contrasts, contrast))


def aa(names: Iterable[str] = ()) -> Design:
    """The same recipe against itself, to see what the measurement itself does: the baseline and, with names, everything."""
    players = tuple(names)
    arms = (_BASELINE_ARM, _all_arm(players)) if players else (_BASELINE_ARM,)
    design = with_twin(Design(arms=arms, contrasts=()))
    return with_twin(design, ALL) if players else design


def pair(reference: Arm, other: Arm, *, subject: str | None = None, twin: bool = False) -> Design:
    """Two arms, and with `twin` the reference's A/A twin.

    The contrast is worded as what the larger arm's extra names do; if neither holds the other, as what `other` does.
    """
    if other.features < reference.features:
        with_arm, without_arm = reference, other
    else:
        with_arm, without_arm = other, reference
    extra = with_arm.features - without_arm.features
    if subject is None:
        subject = " + ".join(sorted(extra)) if without_arm.features < with_arm.features else with_arm.name
    contrast = Contrast(subject=subject, with_arm=with_arm.name, without_arm=without_arm.name, kind="pair")
    design = Design(arms=(reference, other), contrasts=(contrast,))
    return with_twin(design, reference.name) if twin else design
