"""Features and registries as a notebook shows them."""

from typing import TYPE_CHECKING

from markupsafe import Markup

from ablate.formats.notebook import facts, name, paragraph, shown, table, with_detail

if TYPE_CHECKING:
    from ablate.recipes.feature import Feature
    from ablate.recipes.registry import Registry


def feature_html(feature: "Feature") -> str:
    """What a feature is, where it is from, and what it sets: from what, where a registry has taken it."""
    if feature.alternative_to:
        part = f"in place of {feature.alternative_to}, where it is named"
    else:
        part = "on only where it is named" if feature.optional else ""
    known = feature.before
    headings = ("field", "baseline", "with the feature") if known else ("field", "with the feature")
    rows = [(field, *((str(known[field]),) if known else ()), str(value)) for field, value in feature.patch.items()]
    return shown(
        name(feature.name),
        paragraph(feature.summary),
        facts(
            (
                ("group", feature.group),
                ("source", feature.source),
                ("requires", ", ".join(sorted(feature.requires))),
                ("excludes", ", ".join(sorted(feature.excludes))),
                ("part of all", part and f"no: {part}"),
            )
        ),
        table(headings, rows),
    )


def registry_html(registry: "Registry") -> str:
    """The features by their groups, what was published of those, and what is on only where it is named."""
    baseline = type(registry.baseline).__name__
    counts = f"{len(registry.names)} features over a {baseline}, compared by time and {registry.score.title}."
    return shown(
        name(registry.lineage or "A registry"),
        paragraph(counts),
        _features(registry, registry.names),
        *(
            (paragraph("No part of “all”, on only where they are named:"), _features(registry, registry.extras))
            if registry.extras
            else ()
        ),
        *((paragraph(f"Published ladders: {', '.join(registry.ladders)}.", quiet=True),) if registry.ladders else ()),
    )


def _features(registry: "Registry", names: tuple[str, ...]) -> Markup:
    bars = any(group.published_percent is not None for group in registry.groups.values())
    rows: list[tuple[str | Markup, ...]] = []
    before = None
    for each in names:
        feature = registry.features[each]
        group = registry.groups[feature.group]
        bar = "" if group.published_percent is None else f"{group.published_percent:.2f} %"
        is_first = feature.group != before
        before = feature.group
        replaced = f"in place of {feature.alternative_to}" if feature.alternative_to else ""
        rows.append(
            (
                with_detail(each, replaced),
                *(
                    (with_detail(group.title, bar and f"published: {bar}"),)
                    if is_first and bars
                    else (group.title if is_first else "",)
                ),
                with_detail(feature.summary, feature.source),
            )
        )
    return table(("feature", "group", "what it does, and where it is from"), rows)
