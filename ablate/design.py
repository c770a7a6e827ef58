"""Designs: from names of features and groups to arms, contrasts and the order they run in. Free of torch."""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

ContrastKind: TypeAlias = Literal["leave_one_out", "add_one_in", "ladder", "total", "aa", "pair"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What is compared: a name, feature or group names, and a length (factor on the recipe's epochs).

    `stream` keeps the twin of an A/A pair apart: arms of one stream share each block's seed, another stream draws its own.
    """

    name: str
    features: frozenset[str]
    length: float = 1.0
    stream: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A question of two arms: what `subject` (a feature, a group, or a sum of them) does, with it minus without it."""

    subject: str
    with_arm: str
    without_arm: str
    kind: ContrastKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Arms, contrasts and how often they run.

    `left_out` lists arms that a feature's `requires` or `excludes` made impossible, each with its reason.
    """

    name: str
    question: str
    arms: tuple[Arm, ...]
    contrasts: tuple[Contrast, ...]
    blocks: int = 20
    processes: int = 5
    seed: int = 0
    data: str = "auto"
    preset: str = "auto"
    left_out: tuple[tuple[str, str], ...] = field(default=())
