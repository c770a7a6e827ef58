"""Going on with a run folder: what has changed since it was made, and whether its numbers may be mixed. Free of torch."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ablate.errors import UsageError
from ablate.formats.canonical import Json
from ablate.store.records import Environment
from ablate.store.resolved import REGISTRY_OPTION, FeatureRecord, ResolvedStudy, SourceFile

MARK_PREFIX = "mixed: "

COMPARED_FACTS: Mapping[str, str] = {
    "package_version": "code",
    "commit": "code",
    "dirty": "code",
    "python": "Python",
    "torch": "torch",
    "cuda": "torch",
    "cudnn": "torch",
    "driver": "device",
    "device": "device",
    "device_name": "device",
    "compute_dtype": "device",
    "cpu_model": "device",
    "preset": "preset",
    "compiling": "compilation",
}
"""The facts of an environment that make measurements differ, and what each is called in a message."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the run folder has it: what kind of thing, its name, its value then and now."""

    kind: str
    name: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.name} was {self.then}, is {self.now}"


def differences(
    recorded: ResolvedStudy,
    now: ResolvedStudy,
    *,
    environments: Iterable[Environment] = (),
    environment: Environment | None = None,
) -> tuple[Difference, ...]:
    """What differs between a run folder and the same study resolved again, most telling first.

    `environments` are those that the folder's trials cite, `environment` is this machine's; the last recorded one is compared.
    """
    found = _feature_differences(recorded.features, now.features)
    found += _recipe_differences(recorded, now, {difference.name for difference in found})
    found += _registry_differences(recorded.files, now.files)
    if recorded.data_digest != now.data_digest:
        found.append(
            Difference("data", f"data set {recorded.data}", _short(recorded.data_digest), _short(now.data_digest))
        )
    if recorded.preset != now.preset:
        found.append(Difference("preset", "preset", recorded.preset, now.preset))
    last = next(reversed(list(environments)), None)
    if last is not None and environment is not None:
        found += _environment_differences(last.facts, environment.facts)
    else:
        found += _version_differences(recorded, now)
    return tuple(found)


def marks_for(found: Iterable[Difference], *, allow_mixed: bool) -> tuple[str, ...]:
    """The marks for the trials still to run: none if nothing differs, else "mixed: torch" and the like.

    Raises:
        UsageError: something differs and `allow_mixed` is not given; the message names it.
    """
    found = tuple(found)
    if found and not allow_mixed:
        listed = "; ".join(str(difference) for difference in found)
        raise UsageError(
            f"The run folder was made under other conditions: {listed}. "
            "Restore them, start a new study, or mix knowingly with --allow-mixed."
        )
    return tuple(dict.fromkeys(f"{MARK_PREFIX}{difference.kind}" for difference in found))


def _feature_differences(then: Iterable[FeatureRecord], now: Iterable[FeatureRecord]) -> list[Difference]:
    today = {feature.name: feature for feature in now}
    found = []
    for feature in then:
        other = today.get(feature.name)
        if other is None:
            found.append(Difference("features", f"feature '{feature.name}'", _short(feature.digest), "gone"))
        elif other.digest != feature.digest:
            found.append(
                Difference("features", f"feature '{feature.name}'", _short(feature.digest), _short(other.digest))
            )
    return found


def _recipe_differences(recorded: ResolvedStudy, now: ResolvedStudy, known: set[str]) -> list[Difference]:
    """Arms whose recipe changed although none of their features did: the baseline or the scale is another one."""
    found = []
    for arm, fingerprint in recorded.fingerprints.items():
        explained = any(f"feature '{feature}'" in known for feature in recorded.arm_features[arm])
        today = now.fingerprints.get(arm, "gone")
        if today != fingerprint and not explained:
            found.append(Difference("recipe", f"recipe of arm '{arm}'", _short(fingerprint), _short(today)))
    return found


def _registry_differences(then: Iterable[SourceFile], now: Iterable[SourceFile]) -> list[Difference]:
    """A registry file that was edited: its parts may do something else under the same parameters."""
    today = {file.option: file for file in now}
    return [
        Difference("recipe", f"file {file.path}", _short(file.sha256), _short(today[file.option].sha256))
        for file in then
        if file.option == REGISTRY_OPTION and file.option in today and today[file.option].sha256 != file.sha256
    ]


def _environment_differences(then: Mapping[str, Json], now: Mapping[str, Json]) -> list[Difference]:
    """Of the facts that both have: an older package recorded fewer, and a trainer may add its own."""
    return [
        Difference(kind, name, shown_fact(then[name]), shown_fact(now[name]))
        for name, kind in COMPARED_FACTS.items()
        if name in then and name in now and then[name] != now[name]
    ]


def _version_differences(recorded: ResolvedStudy, now: ResolvedStudy) -> list[Difference]:
    found = [
        Difference(
            "torch" if name == "torch" else "Python" if name == "python" else "code",
            name,
            shown_fact(then),
            shown_fact(today),
        )
        for name, then in recorded.versions.items()
        if (today := now.versions.get(name)) != then
    ]
    if recorded.device != now.device:
        found.append(Difference("device", "device", recorded.device, now.device))
    return found


def shown_fact(value: Json) -> str:
    """A fact as a message says it; of a commit, the first digits."""
    return "unknown" if value is None else _short(str(value)) if len(str(value)) == 40 else str(value)


def _short(digest: str) -> str:
    return digest[:12]
