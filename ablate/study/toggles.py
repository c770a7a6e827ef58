"""The pair of arms that `ablate run`'s options ask for. Free of torch."""

from collections.abc import Sequence

from ablate.errors import UsageError
from ablate.study.arms import ALL, BASELINE, Arm, Design, together
from ablate.study.catalogue import Catalogue
from ablate.study.designs import pair


def toggled(
    catalogue: Catalogue,
    *,
    start: str | None = None,
    enable: Sequence[str] = (),
    disable: Sequence[str] = (),
    only: Sequence[str] = (),
    twin: bool = False,
) -> Design:
    """The pair that the options ask for; without any, the baseline against everything.

    `start` is "all" or "baseline" (default: all where something is toggled). Where features cannot all be on together, "all" is
    those that can (see `together`), and the options have to say what becomes of the others.

    Raises:
        UsageError: an unknown name, a group that holds only what has to be named, options that exclude each other, an option that
            changes nothing, an impossible arm.
    """
    if start not in (None, ALL, BASELINE):
        raise UsageError(f"--from takes '{ALL}' or '{BASELINE}', not '{start}'.")
    if only and (enable or disable or start):
        raise UsageError("--only starts from nothing; it cannot be combined with --enable, --disable or --from.")
    named = catalogue.expand((*enable, *disable))
    for name in (*enable, *disable, *only):
        if not catalogue.expand((name,)):
            raise UsageError(
                f"Group '{name}' holds nothing of 'all', so it switches nothing; name the feature that you want: "
                f"`ablate features {name}`."
            )
    everything = frozenset(together(catalogue, catalogue.names).names)
    if only:
        reference, chosen = frozenset[str](), catalogue.expand(only)
        label, subject = BASELINE + "".join(f" + {name}" for name in only), " + ".join(only)
    elif enable or disable:
        if start != BASELINE:
            _check_all(catalogue, everything, named)
        reference = frozenset() if start == BASELINE else everything
        chosen = _after_toggles(catalogue, reference, start or ALL, enable, disable)
        # What was off all along is no part of the difference.
        disable = [name for name in disable if catalogue.expand((name,)) & (reference | catalogue.expand(enable))]
        label = (start or ALL) + "".join(f" + {name}" for name in enable) + "".join(f" - {name}" for name in disable)
        subject = " + ".join((*enable, *disable)) if not (enable and disable) else label
    elif start is not None:
        raise UsageError(f"--from {start} alone changes nothing; add --enable or --disable with a feature.")
    else:
        _check_all(catalogue, everything, named)
        reference, chosen, label, subject = frozenset(), everything, ALL, ALL
    if reason := catalogue.reason_impossible(chosen):
        toggles = "--only" if only else "--enable"
        barring = _barring(catalogue, chosen, reason)
        remedy = _remedy(barring, frozenset() if only or start == BASELINE else everything, toggles)
        raise UsageError(f"Arm '{label}' is impossible: {reason}. {remedy}")
    names = {frozenset[str](): BASELINE, everything: ALL}
    arms = [Arm(name=names.get(on, label), features=on) for on in (reference, chosen)]
    return pair(*arms, subject=subject, twin=twin)


def _after_toggles(
    catalogue: Catalogue, reference: frozenset[str], start: str, enable: Sequence[str], disable: Sequence[str]
) -> frozenset[str]:
    # What cannot be on with all the others may be named, to say that it stays off.
    spare = frozenset(catalogue.names) - reference if start == ALL else frozenset()
    chosen = reference
    for name in enable:
        added = catalogue.expand((name,))
        if added <= chosen:
            hint = f" Try --from {BASELINE} --enable {name}." if start == ALL else ""
            raise UsageError(f"--enable {name} changes nothing: it is on already.{hint}")
        chosen |= added
    for name in disable:
        removed = catalogue.expand((name,))
        if not removed & (chosen | spare):
            raise UsageError(f"--disable {name} changes nothing: it is off already.")
        chosen -= removed
    if chosen == reference:
        listed = ", ".join(f"'{name}'" for name in sorted(spare & catalogue.expand(disable)))
        if listed:
            raise UsageError(f"Arm '{ALL}' is without {listed} already; nothing is left to compare.")
        raise UsageError("These --enable and --disable options cancel each other; nothing is left to compare.")
    return chosen


def _check_all(catalogue: Catalogue, everything: frozenset[str], named: frozenset[str]) -> None:
    """Refuse to leave a feature out of "all" of which the options say nothing."""
    for name in catalogue.names:
        if name in everything | named:
            continue
        reason = catalogue.reason_impossible(everything | {name})
        if reason is None:
            continue
        others = [other for other in _barring(catalogue, everything | {name}, reason) if other != name]
        # One that only misses what it requires follows what it requires.
        if others:
            off = ",".join(others)
            raise UsageError(
                f"Arm '{ALL}' is impossible: {reason}. Choose: `--enable {name} --disable {off}`, "
                f"`--from {BASELINE} --enable {name}`, or `--disable {name}` beside another toggle."
            )


def _barring(catalogue: Catalogue, chosen: frozenset[str], reason: str) -> list[str]:
    """The features that a reason is about: without any other, the same reason stands."""
    return [name for name in sorted(chosen) if catalogue.reason_impossible(chosen - {name}) != reason]


def _remedy(barring: Sequence[str], everything: frozenset[str], toggles: str) -> str:
    """What other options would do, after those that made an impossible arm; `everything` is what they started from."""
    if len(barring) == 1 and barring[0] in everything:
        return f"Leave '{barring[0]}' out too: `--disable {barring[0]}`."
    if len(barring) < 2:
        return f"Name what it requires too, with {toggles}."
    added = [name for name in barring if name not in everything]
    there = [name for name in barring if name in everything]
    if added and there:
        return f"Leave one out: `--disable {','.join(there)}`, or start from `--from {BASELINE} --enable {','.join(added)}`."
    return f"Leave one of them out of {toggles}."
