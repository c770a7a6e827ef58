"""What two run folders side by side may not be read without: everything else that differs between them."""

from collections.abc import Iterator

from ablate.report.caveats import Caveat
from ablate.report.matching import Match, same_trainings
from ablate.report.provenance import fact_label, fact_text
from ablate.stats.evidence import Evidence
from ablate.stats.score_words import score_in_full, short_name
from ablate.stats.wording import counted, listed

STORED_NUMBERS = (
    "A comparison with stored numbers: the two folders were not interleaved, so whatever changed between them is in these "
    "differences. For a claim, run both sides in one study."
)


def comparison_caveats(first: Evidence, second: Evidence, names: tuple[str, str], matched: Match) -> Iterator[Caveat]:
    """Why the differences of two folders, `first` and `second` by their `names`, may mean nothing."""
    yield Caveat("stored_numbers", STORED_NUMBERS)
    if not first.score.measures_as(second.score):
        sides = [
            f"{score_in_full(evidence.score)} in {name}" for evidence, name in zip((first, second), names, strict=True)
        ]
        yield Caveat("different_score", f"The scores differ, so only times are compared: {', '.join(sides)}.")
    if matched.by_name:
        yield Caveat(
            "matched_by_name",
            "Imported logs do not say what they trained, so arms were matched by name; whether one name is one recipe is yours "
            "to know.",
        )
    for evidence, name in zip((first, second), names, strict=True):
        if evidence.mixes_data:
            yield Caveat("mixed_data", f"{name} mixes data sets, so nothing is compared with it.")
        elif not evidence.usable_trials:
            yield Caveat("no_results", f"{name} has no trial with a result, so there is nothing to compare with.")
    if first.data_sets and second.data_sets and set(first.data_sets) != set(second.data_sets):
        yield Caveat(
            "different_data",
            f"The data differ: {_data(first)} and {_data(second)}. Their {_plural(first)} cannot be compared.",
        )
    if first.resolved.preset != second.resolved.preset:
        yield Caveat(
            "different_preset",
            f"The presets differ: {first.resolved.preset} and {second.resolved.preset}. These are not the same recipes.",
        )
    shared, repeated = same_trainings(first, second, matched)
    if repeated > shared / 2 and first.score.measures_as(second.score):
        yield Caveat(
            "repeated_trainings",
            f"Of {counted(shared, 'trial')} that share recipe and seed, {repeated:,} reached the same "
            f"{short_name(first.score)} in both folders: they are the same trainings, so {_plural(first)} agree by construction.",
        )
    yield from _different_facts(first, second, names)
    yield from _different_recipes(first, second, matched)


def _different_facts(first: Evidence, second: Evidence, names: tuple[str, str]) -> Iterator[Caveat]:
    if not (first.environments and second.environments):
        return
    ours, theirs = first.facts(), second.facts()
    for fact in dict.fromkeys((*ours, *theirs)):
        sides = [facts.get(fact, (None,)) for facts in (ours, theirs)]
        if fact != "preset" and set(sides[0]) != set(sides[1]):
            values = [", ".join(fact_text(fact, value) for value in side) for side in sides]
            said = ", ".join(f"{value} in {name}" for value, name in zip(values, names, strict=True))
            yield Caveat("different_environment", f"{fact_label(fact)}: {said}.")


def _different_recipes(first: Evidence, second: Evidence, matched: Match) -> Iterator[Caveat]:
    if matched.renamed and first.resolved.preset == second.resolved.preset:
        arms = listed([f"'{name}'" for name in matched.renamed])
        yield Caveat("different_recipe", f"One name stands for two recipes, which are not compared: {arms}.")
    ours, theirs = ({feature.name: feature.digest for feature in each.resolved.features} for each in (first, second))
    changed = [name for name in ours if name in theirs and ours[name] != theirs[name]]
    if changed:
        features = listed([f"'{name}'" for name in changed])
        yield Caveat("different_feature", f"The patch of a feature, or the source of its parts, differs: {features}.")


def _plural(evidence: Evidence) -> str:
    return "accuracies" if short_name(evidence.score) == "accuracy" else "scores"


def _data(evidence: Evidence) -> str:
    return ", ".join(f"{name} ({digest[:8]})" for name, digest in evidence.data_sets)
