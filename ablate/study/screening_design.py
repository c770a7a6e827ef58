"""The screening design: two levels a name and few arms, each of which informs every name's average effect. Free of torch."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import TypeAlias

import numpy as np

from ablate.errors import UsageError
from ablate.study.arms import ALL, BASELINE, Arm, Contrast, Design
from ablate.study.catalogue import Catalogue
from ablate.study.designs import beside_others, names_of, players_of, total, with_others
from ablate.study.exchange import Exchange
from ablate.study.levels import Matrix, inseparable, levels_of

ReasonImpossible: TypeAlias = Callable[[Iterable[str]], str | None]
"""Why names cannot be on together in an arm; None if they can."""

RESOLUTIONS = (4, 5)

MOST_NAMES_AT_5 = 8
"""More names take 128 arms and more before every pair is clear of every other."""

_MOST_WRITTEN_OUT = 4
"""How many names an arm's name lists before it may name those that are off instead."""

_MOST_ENUMERATED = 12
"""Up to so many names every combination is a candidate for a forbidden arm's place."""

_WORDS_AT_5 = {5: ("abcd",), 6: ("abcde",), 7: ("abcde",), 8: ("abcd", "abef")}
"""The columns made as products of the others: the smallest fractions of resolution 5 or more (Box and Hunter, 1961)."""


def screening(names: Iterable[str], catalogue: Catalogue, *, resolution: int = 4, others: Iterable[str] = ()) -> Design:
    """What each name does on average over the others being on or off: every arm has about half of the names on.

    At resolution 4 the arms are those of a Plackett-Burman design with its constant column, and their mirror images (folded
    over): twice as many arms as the next order of 4, 8, 12, 16, …, and no pair of names that work together moves an average. At
    resolution 5, for 8 names at most, pairs are clear of one another too. The arms "baseline" and "all" are among them. Arms
    that `requires` or `excludes` forbid are replaced by those that keep the averages most precise; `left_out` says what that
    costs. `others` are on in every arm (see `with_others`), which then has what its names require of them.

    Each arm draws seeds of its own (its place is its stream): trainings of different arms are then independent, so that nothing
    that a seed does to one feature and not to another can hide in a block. Only the baseline draws from the main stream, and an
    "all" that no fraction of resolution 5 holds beside the baseline (with 5 and 8 names): it is there for the total alone.

    Source: R. L. Plackett and J. P. Burman, Biometrika 33 (1946) 305-325; G. E. P. Box and K. B. Wilson, J. R. Stat. Soc. B 13
    (1951) 1-45, for the fold-over; V. V. Fedorov, Theory of Optimal Experiments (1972), for the exchange.

    Raises:
        UsageError: an unknown resolution or name, a name twice, a feature that is on among the others too, too many names for
            resolution 5, or names that no allowed arms can tell apart.
    """
    players, always = players_of(names), names_of(others)
    if resolution not in RESOLUTIONS:
        raise UsageError(f"A screening has resolution 4 or 5, not {resolution} (--resolution).")
    both = catalogue.expand(players) & catalogue.expand(always)
    if both:
        raise UsageError(f"'{min(both)}' is on in every arm, as one of the others, and cannot be asked about.")
    why = catalogue.reason_impossible(always) if always else None
    if why:
        raise UsageError(f"The others cannot be on in every arm, whatever is asked about: {why}.")

    def reason(on: Iterable[str]) -> str | None:
        return catalogue.reason_impossible([*on, *always])

    def called(on: frozenset[str]) -> str:
        return beside_others(_name(on, players)) if always else _name(on, players)

    levels = _folded_over(len(players)) if resolution == 4 else _fraction(players)
    wanted = list(dict.fromkeys(_on(row, players) for row in levels))
    chosen, left_out = _allowed(wanted, players, reason, called)
    design = _design(chosen, players, reason)
    return replace(with_others(design, always) if always else design, left_out=tuple(left_out))


def _folded_over(names: int) -> Matrix:
    """`(2 · order, names)` of ±1: a Hadamard matrix of the smallest order that fits, above its negative."""
    hadamard = _hadamard(names)[:, :names]
    # The first row becomes "all", and its mirror image "baseline"; columns stay orthogonal.
    hadamard = hadamard * hadamard[0]
    return np.vstack([hadamard, -hadamard])


def _hadamard(least: int) -> Matrix:
    """A Hadamard matrix of the smallest order from `least` on that is known: a Plackett-Burman design beside a constant column."""
    if least <= 2:
        return np.array([[1.0, 1.0], [1.0, -1.0]])[:least, :least]
    from pydoe import pbdesign

    order = 4 * -(-least // 4)
    while True:
        try:
            design = np.asarray(pbdesign(order - 1), dtype=np.float64)
        except ValueError:
            order += 4  # it knows no design of this order (28, 36, 52, …)
            continue
        return np.column_stack([np.ones(order), design])


def _fraction(players: Sequence[str]) -> Matrix:
    """`(arms, names)` of ±1: the smallest two-level fraction in which pairs are clear of names and of one another."""
    names = len(players)
    if names > MOST_NAMES_AT_5:
        raise UsageError(
            f"A screening of resolution 5 takes {MOST_NAMES_AT_5} names at most, here are {names}: "
            f"{', '.join(players)}. Use --resolution 4, groups instead of features, or fewer names."
        )
    words = _WORDS_AT_5.get(names, ())
    if not words:
        return np.array(list(product((-1.0, 1.0), repeat=names)))
    from pydoe import fracfact

    letters = "abcdefgh"[: names - len(words)]
    levels = np.asarray(fracfact(" ".join([*letters, *words])), dtype=np.float64)
    made = range(names - len(words), names)
    for column, word in zip(made, words, strict=True):
        # The half that holds the baseline: a product of an even number of "off" is "on".
        if len(word) % 2 == 0:
            levels[:, column] *= -1
    return levels


def _on(row: Matrix, players: Sequence[str]) -> frozenset[str]:
    return frozenset(name for name, level in zip(players, row, strict=True) if level > 0)


def _design(
    chosen: Sequence[frozenset[str]],
    players: Sequence[str],
    reason: ReasonImpossible,
) -> Design:
    everything = frozenset(players)
    between = [features for features in chosen if features and features != everything]
    arms = [Arm(name=BASELINE, features=frozenset())]
    arms += [Arm(name=_name(on, players), features=on, stream=place) for place, on in enumerate(between, start=1)]
    contrasts = [average(name) for name in players]
    if reason(players) is None:
        arms.append(Arm(name=ALL, features=everything, stream=len(arms) if everything in chosen else 0))
        contrasts += total(players).contrasts
    return Design(arms=tuple(arms), contrasts=tuple(contrasts))


def average(name: str) -> Contrast:
    """The question of what a name does on average over the others, which is put to all arms of a screening."""
    return Contrast(subject=name, with_arm=f"with {name}", without_arm=f"without {name}", kind="screening")


def _name(on: frozenset[str], players: Sequence[str]) -> str:
    if not on:
        return BASELINE
    if len(on) == len(players):
        return ALL
    written = _braced(name for name in players if name in on)
    others = f"{ALL} - {_braced(name for name in players if name not in on)}"
    return others if len(on) > _MOST_WRITTEN_OUT and len(others) < len(written) else written


def _braced(names: Iterable[str]) -> str:
    return "{" + ", ".join(names) + "}"


def _allowed(
    wanted: Sequence[frozenset[str]],
    players: Sequence[str],
    reason: ReasonImpossible,
    called: Callable[[frozenset[str]], str],
) -> tuple[list[frozenset[str]], list[tuple[str, str]]]:
    """The arms with forbidden ones replaced, and what was left out: (arm, why and what came in its place)."""
    reasons = {on: reason(on) for on in wanted}
    kept = [on for on in wanted if reasons[on] is None]
    barred = [on for on in wanted if reasons[on] is not None]
    if not barred:
        return kept, []
    candidates = [on for on in _candidates(wanted, players) if on not in reasons and reason(on) is None]
    _refuse_inseparable([*kept, *candidates], players, reason)
    exchange = Exchange(players, kept, candidates)
    replacements = exchange.choose(len(barred))
    efficiency = exchange.efficiency(replacements)
    left_out = []
    for place, on in enumerate(barred):
        instead = f"replaced by '{called(replacements[place])}'" if place < len(replacements) else "not replaced"
        left_out.append((called(on), f"{reasons[on]}; {instead}, efficiency {efficiency:.2f}"))
    return [*kept, *replacements], left_out


def _candidates(wanted: Sequence[frozenset[str]], players: Sequence[str]) -> Iterable[frozenset[str]]:
    """What may take a forbidden arm's place: every combination, or of many names the wanted arms with up to two names switched."""
    if len(players) <= _MOST_ENUMERATED:
        return (frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size))
    switched = [frozenset(names) for size in (1, 2) for names in combinations(players, size)]
    return dict.fromkeys(on ^ names for on in wanted for names in switched)


def _refuse_inseparable(allowed: Sequence[frozenset[str]], players: Sequence[str], reason: ReasonImpossible) -> None:
    """Refuse names whose effects no choice of the allowed arms can tell apart."""
    columns = levels_of(allowed, players)
    together = inseparable(columns - columns.mean(axis=0))
    for place, name in enumerate(players):
        if not together[place].any():
            continue
        others = [other for other, tied in zip(players, together[place], strict=True) if tied and other != name]
        if not others:
            why = reason((name,))
            raise UsageError(f"No allowed arm can show what '{name}' does{f': {why}' if why else ''}. Leave it out.")
        listed = ", ".join(f"'{each}'" for each in (name, *others))
        raise UsageError(
            f"No choice of allowed arms tells the effects of {listed} apart: `requires` and `excludes` tie them together. "
            "Leave one of them out, or name their group."
        )


def screened(arms: Iterable[Arm], contrasts: Iterable[Contrast]) -> tuple[Arm, ...]:
    """The arms that averages are taken over, which each contrast of kind "screening" is put to.

    They are those that draw seeds of their own, and the baseline: neither twins nor what other designs of the study add. Where
    none draws seeds of its own (a study made otherwise), they are all but twins. Arms of other lengths never count.
    """
    asked = tuple(contrasts)
    twins = {contrast.with_arm for contrast in asked if contrast.kind == "aa"}
    subjects = {contrast.subject for contrast in asked if contrast.is_averaged}
    at_length = [arm for arm in arms if arm.length == 1.0 and arm.name not in twins]
    own = [arm for arm in at_length if arm.stream or not subjects & arm.features]
    return tuple(own if any(arm.stream for arm in own) else at_length)
