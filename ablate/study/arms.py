"""Arms, contrasts and designs: what is compared, and which questions the comparison answers. Free of torch."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from ablate.errors import UsageError, near_match
from ablate.formats.json_objects import parse
from ablate.formats.printable import check_printable
from ablate.study.catalogue import Catalogue

ContrastKind: TypeAlias = Literal["leave_one_out", "add_one_in", "ladder", "total", "aa", "pair", "screening"]

BASELINE = "baseline"
"""Name of the arm without features."""

ALL = "all"
"""Name of the arm with every feature of its design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What is compared: a name, feature or group names, and a length (factor on the recipe's epochs).

    `stream` keeps the twin of an A/A pair apart: arms of one stream share each block's seed, another stream draws its own.

    Raises:
        UsageError: an empty name, a length that is not a positive finite number, a negative stream.
    """

    name: str
    features: frozenset[str]
    length: float = 1.0
    stream: int = 0

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip() or not self.name.isprintable():
            raise UsageError(f"{self.name!r} cannot name an arm: use printable text without spaces around it.")
        if not (math.isfinite(self.length) and self.length > 0):
            raise UsageError(
                f"Arm '{self.name}' has length {self.length}; a length is a positive factor on the epochs."
            )
        if self.stream < 0:
            raise UsageError(f"Arm '{self.name}' has seed stream {self.stream}; streams count from 0.")

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal arm."""
        return {"name": self.name, "features": sorted(self.features), "length": self.length, "stream": self.stream}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "Arm":
        """The arm that a JSON object describes.

        Raises:
            ShapeError: a field is missing, unknown, or holds what it cannot.
        """
        return parse(cls, line, "the arm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A question of two arms: what `subject` (a feature, a group, or a sum of them) does, with it minus without it.

    A question of kind "screening" is put to all arms of a screening at once: those with the subject against those without. What
    stands in place of its arms names both sides and no arm.

    Raises:
        UsageError: an unknown kind, one arm on both sides, or a subject that does not print on one line.
    """

    subject: str
    with_arm: str
    without_arm: str
    kind: ContrastKind

    def __post_init__(self) -> None:
        if self.kind not in get_args(ContrastKind):
            raise UsageError(
                f"Contrast '{self.subject}' has unknown kind '{self.kind}'."
                + near_match(self.kind, get_args(ContrastKind))
            )
        check_printable("The subject of a contrast", self.subject)
        if self.with_arm == self.without_arm:
            raise UsageError(f"Contrast '{self.subject}' compares arm '{self.with_arm}' with itself.")

    @property
    def is_averaged(self) -> bool:
        """Whether it compares means over many arms: an arm is on the side of the subject if it has it on."""
        return self.kind == "screening"

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` turns back into an equal contrast."""
        return {
            "subject": self.subject,
            "with_arm": self.with_arm,
            "without_arm": self.without_arm,
            "kind": self.kind,
        }

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> "Contrast":
        """The contrast that a JSON object describes.

        Raises:
            ShapeError: a field is missing, unknown, or holds what it cannot.
        """
        return parse(cls, line, "the contrast")


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The part of a study that says what is compared; `left_out` pairs each impossible arm with its reason.

    Raises:
        UsageError: no arm, two arms of one name, a contrast that names an unknown arm.
    """

    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        check_arms(self.arms, self.contrasts)

    def possible(self, catalogue: Catalogue) -> "Design":
        """The design without arms that `requires` or `excludes` forbid, and without contrasts that lost an arm.

        Raises:
            UsageError: an arm names an unknown feature or group, two arms are one recipe, or no arm is possible.
        """
        self._refuse_doubles(catalogue)
        reasons = {arm.name: catalogue.reason_impossible(catalogue.expand(arm.features)) for arm in self.arms}
        arms = tuple(arm for arm in self.arms if reasons[arm.name] is None)
        left_out = tuple((name, reason) for name, reason in reasons.items() if reason is not None)
        if not arms:
            raise UsageError(f"No arm of this design is possible; '{left_out[0][0]}': {left_out[0][1]}.")
        contrasts = tuple(
            contrast
            for contrast in self.contrasts
            if contrast.is_averaged or (reasons[contrast.with_arm] is None and reasons[contrast.without_arm] is None)
        )
        return Design(arms=arms, contrasts=contrasts, left_out=self.left_out + left_out)

    def _refuse_doubles(self, catalogue: Catalogue) -> None:
        seen: dict[tuple[frozenset[str], float, int], str] = {}
        for arm in self.arms:
            recipe = (catalogue.expand(arm.features), arm.length, arm.stream)
            if recipe in seen:
                raise UsageError(
                    f"Arms '{seen[recipe]}' and '{arm.name}' have the same features on. "
                    "Name either a group or its features, and only groups that have features."
                )
            seen[recipe] = arm.name


def check_arms(arms: Sequence[Arm], contrasts: Sequence[Contrast]) -> None:
    """Refuse arms and contrasts that do not fit together.

    Raises:
        UsageError: no arm, two arms of one name, a contrast that names an unknown arm.
    """
    if not arms:
        raise UsageError("A study needs at least one arm.")
    names = [arm.name for arm in arms]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise UsageError(f"Two arms are named '{twice[0]}'; give each arm a name of its own.")
    known = set(names)
    for contrast in contrasts:
        if contrast.is_averaged:
            _check_sides(arms, contrast)
            continue
        for name in (contrast.with_arm, contrast.without_arm):
            if name not in known:
                raise UsageError(
                    f"Contrast '{contrast.subject}' names arm '{name}', which the study does not have."
                    + near_match(name, names)
                )


def _check_sides(arms: Sequence[Arm], contrast: Contrast) -> None:
    for side, found in (("with", True), ("without", False)):
        if not any((contrast.subject in arm.features) is found for arm in arms):
            raise UsageError(f"No arm is {side} '{contrast.subject}', so its average effect cannot be asked for.")


class Together(NamedTuple):
    """Features or groups that can all be on together, and why each of the others cannot: (arm, reason)."""

    names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]


def together(catalogue: Catalogue, names: Iterable[str]) -> Together:
    """The names without those that cannot be on with the rest: of two that exclude each other the one added first stays.

    Raises:
        UsageError: an unknown name, or nothing is left.
    """
    kept = list(names)
    ages = {name: age for age, name in enumerate(catalogue.features)}
    # A group is as young as its youngest feature, so that what a file adds never pushes out what was there.
    youngest_first = sorted(kept, key=lambda name: -max(ages[each] for each in catalogue.expand((name,))))
    left_out: list[tuple[str, str]] = []
    while (reason := catalogue.reason_impossible(kept)) is not None:
        # The one to go is part of the reason: without any other, the same reason stands.
        candidates = [name for name in youngest_first if name in kept]
        without = {name: [other for other in kept if other != name] for name in candidates}
        part = [name for name in candidates if catalogue.reason_impossible(without[name]) != reason]
        name = next(iter(part), candidates[0])
        left_out.append((f"{ALL} + {name}", reason + _remedy(catalogue, kept, name, reason)))
        kept.remove(name)
    if not kept:
        why = f"; {left_out[0][0]}: {left_out[0][1]}" if left_out else ""
        raise UsageError(f"This registry has no features that a study could put on{why}.")
    return Together(tuple(kept), tuple(left_out))


def groups_together(catalogue: Catalogue) -> Together:
    """The groups of "all" that can be on together, in the registry's order; see `together`.

    Features of "all" that no group's name stands for come after them one by one.
    """
    everything = frozenset(catalogue.names)
    members = {slug: catalogue.expand((slug,)) for slug in catalogue.groups}
    whole = [slug for slug, inside in members.items() if inside and inside <= everything]
    covered = frozenset(name for slug in whole for name in members[slug])
    players = [*whole, *(name for name in catalogue.names if name not in covered)]
    return together(catalogue, players)


def are_published(catalogue: Catalogue, names: Iterable[str]) -> bool:
    """Whether each of these names is a group of which a bar was published."""
    groups = [catalogue.groups.get(name) for name in names]
    return all(group is not None and group.published_percent is not None for group in groups)


def _remedy(catalogue: Catalogue, names: Iterable[str], group: str, reason: str) -> str:
    """How to keep a group that only some of its features bar, the youngest of those named."""
    members = catalogue.expand((group,))
    everything = catalogue.expand(names)
    barring = [name for name in members if catalogue.reason_impossible(everything - {name}) != reason]
    if not barring or len(members) == 1:
        return ""
    youngest = max(barring, key=list(catalogue.features).index)
    return f"; give '{youngest}' a Group of its own to keep '{group}'"


def combine(*designs: Design) -> Design:
    """One design that answers the questions of all; arms that would train the same recipe are shared.

    An arm with the features, length and seed stream of an earlier one is dropped, and its contrasts take the earlier arm.
    The same question, asked twice, is kept once.

    Raises:
        UsageError: two designs give one name to different arms, or there is no design.
    """
    if not designs:
        raise UsageError("There is no design to combine.")
    kept: dict[tuple[frozenset[str], float, int], Arm] = {}
    contrasts: dict[Contrast, None] = {}
    for design in designs:
        shared = {}
        for arm in design.arms:
            shared[arm.name] = kept.setdefault((arm.features, arm.length, arm.stream), arm).name
        for contrast in design.contrasts:
            if contrast.is_averaged:
                contrasts[contrast] = None
                continue
            with_arm, without_arm = shared[contrast.with_arm], shared[contrast.without_arm]
            contrasts[replace(contrast, with_arm=with_arm, without_arm=without_arm)] = None
    left_out = tuple(dict.fromkeys(entry for design in designs for entry in design.left_out))
    return Design(arms=tuple(kept.values()), contrasts=tuple(contrasts), left_out=left_out)
