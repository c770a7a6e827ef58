"""`ablate features`: what can be switched on and off."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from ablate.cli import completion
from ablate.cli.options import AsJson, FeaturesFrom, Recipe, RegistryFile
from ablate.cli.output import remark, stdout
from ablate.cli.recipes import figures
from ablate.cli.slots import show_slots
from ablate.errors import UsageError, near_match
from ablate.formats.fitted_table import FittedTable

if TYPE_CHECKING:
    from ablate.lineages.published import PublishedPair
    from ablate.recipes.registry import Registry
    from ablate.study.ladders import PublishedArm, Rung


def features(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A feature, a group, or with --slots a field; without it, all are listed.",
            autocompletion=completion.features,
        ),
    ] = None,
    slots: Annotated[
        bool, typer.Option("--slots", help="Show what a feature can set, and what a part of your own has to do.")
    ] = False,
    recipe: Recipe = None,
    features_from: FeaturesFrom = None,
    registry_file: RegistryFile = None,
    as_json: AsJson = False,
) -> None:
    """List the features, or show what one of them (or a group) changes, its source and its published bar."""
    from ablate.lineages.loading import load_registry

    registry = load_registry(recipe=recipe, features_from=features_from, registry=registry_file)
    if slots:
        show_slots(registry, name, as_json=as_json)
        return
    if name is None:
        chosen, beside = registry.names, registry.extras
    elif name in registry.features or name in registry.groups:
        asked = registry.expand((name,))
        chosen = tuple(each for each in (*registry.names, *registry.extras) if each in asked)
        beside = () if name in registry.features else _extras_of(registry, name)
    else:
        raise UsageError(
            f"Unknown feature or group '{name}'.{near_match(name, [*registry.features, *registry.groups])}"
        )
    if as_json:
        typer.echo(json.dumps([_as_json(registry, each) for each in chosen], indent=2, ensure_ascii=False))
        return
    if name is None:
        stdout().print(_overview(registry))
    else:
        for each in chosen:
            _print_feature(registry, each)
    for each in beside:
        if replaced := registry.features[each].alternative_to:
            remark(f"In place of '{replaced}' there is '{each}': `--enable {each} --disable {replaced}`.")
        else:
            remark(f"Not part of 'all' is '{each}': `--enable {each}`. {registry.features[each].summary}")


def _extras_of(registry: "Registry", slug: str) -> tuple[str, ...]:
    return tuple(name for name in registry.extras if registry.features[name].group == slug)


def _as_json(registry: "Registry", name: str) -> dict[str, Any]:
    feature = registry.features[name]
    group = registry.groups[feature.group]
    published = [
        {"where": pair.where, "with": asdict(pair.with_it), "without": asdict(pair.without_it)}
        for pair in _published(registry, name)
    ]
    return {
        "name": name,
        "group": group.slug,
        "group_title": group.title,
        "group_published_percent": group.published_percent,
        "summary": feature.summary,
        "source": feature.source,
        "requires": sorted(feature.requires),
        "excludes": sorted(feature.excludes),
        **({"alternative_to": feature.alternative_to} if feature.alternative_to else {}),
        **({"optional": True} if feature.optional else {}),
        "changes": [
            {"field": change.field, "before": str(change.before), "after": str(change.after)}
            for change in registry.diff((name,))
        ],
        "digest": feature.digest(),
        **({"published": published} if published else {}),
    }


def _published(registry: "Registry", name: str) -> tuple["PublishedPair", ...]:
    """What was published of a feature of the lineage's own."""
    from ablate.lineages.lookup import find_lineage
    from ablate.lineages.published import published_of

    return published_of(find_lineage(registry.lineage), name) if registry.lineage else ()


def _told(measured: "Rung | PublishedArm") -> str:
    return f"{figures(measured)} ({measured.title})"


def _overview(registry: "Registry") -> FittedTable:
    table = FittedTable()
    table.add_column("feature")
    published = any(group.published_percent is not None for group in registry.groups.values())
    table.add_column("group (published bar)" if published else "group", words=True)
    table.add_column("what it does", words=True)
    shown_group = None
    for name in registry.names:
        feature = registry.features[name]
        group = registry.groups[feature.group]
        bar = "" if group.published_percent is None else f" ({group.published_percent:.2f} %)"
        label = "" if feature.group == shown_group else f"{group.slug}{bar}"
        table.add_row(Text(name, style="bold"), label, feature.summary)
        shown_group = feature.group
    return table


def _print_feature(registry: "Registry", name: str) -> None:
    feature = registry.features[name]
    group = registry.groups[feature.group]
    console = stdout()
    bar = (
        ""
        if group.published_percent is None
        else f", published bar {group.published_percent:.2f} % with the whole group"
    )
    console.print(Text(name, style="bold"))
    console.print(Text(f"  {feature.summary}"))
    console.print(Text(f"  group    {group.title} ({group.slug}){bar}"))
    console.print(Text(f"  source   {feature.source}"))
    for label, others in (("requires", feature.requires), ("excludes", feature.excludes)):
        if others:
            console.print(Text(f"  {label} {', '.join(sorted(others))}"))
    if feature.alternative_to:
        console.print(Text(f"  in place of {feature.alternative_to}"))
    if feature.optional:
        console.print(Text("  optional: no part of 'all', on only where it is named"))
    for pair in _published(registry, name):
        console.print(Text(f"  {pair.where}: {_told(pair.with_it)}; without it {_told(pair.without_it)}"))
    table = FittedTable()
    for heading in ("field", "baseline", "with the feature"):
        table.add_column(heading, words=True)
    for change in registry.diff((name,)):
        table.add_row(change.field, str(change.before), str(change.after))
    console.print(table)
