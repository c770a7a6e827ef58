"""What the records of trials tell beside their numbers: how long each arm trains, and what slowed the device down."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from ablate.store.records import RecipeRecord, Trial

HARMFUL_THROTTLE_REASONS = frozenset(
    {"power_cap", "hardware_slowdown", "thermal_slowdown", "hardware_thermal_slowdown", "power_brake", "sync_boost"}
)
"""Those that slow a GPU down against its owner's will; "idle" and clocks that were set on purpose are none."""


def epochs_by_arm(trials: Sequence[Trial], recipes: Mapping[str, RecipeRecord]) -> dict[str, float]:
    """By arm: the recipe's epochs times its scale's, a factor that is left out where it is 1."""
    found = {}
    for trial in trials:
        fields = recipes[trial.recipe].fields if trial.recipe in recipes else {}
        scale, epochs = fields.get("scale", {}), fields.get("epochs")
        factor = scale.get("epochs", 1.0) if isinstance(scale, Mapping) else 1.0
        if isinstance(epochs, (int, float)) and isinstance(factor, (int, float)):
            # A whole number of a damaged file may be larger than any float.
            with suppress(OverflowError):
                found[trial.spec.arm] = float(epochs * factor)
    return found


def throttled(trials: Sequence[Trial]) -> dict[str, int]:
    """How many trials a device slowed down against its owner's will, by reason."""
    counts: Counter[str] = Counter()
    for trial in trials:
        reasons: set[str] = set()
        for state in (trial.device_before, trial.device_after):
            listed = (state or {}).get("throttle_reasons")
            if isinstance(listed, list):
                reasons.update(str(reason) for reason in listed)
        counts.update(reasons & HARMFUL_THROTTLE_REASONS)
    return dict(sorted(counts.items()))
