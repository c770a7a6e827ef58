"""A study with all that it needs, before anything is written: what it would run, how long that takes and what it could see."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from ablate.engine.estimate import Estimate, estimate
from ablate.engine.precedent import Precedent, find_precedent, named_precedent
from ablate.engine.prices import Prices
from ablate.engine.sooner import Candidate
from ablate.errors import UsageError
from ablate.formats.canonical import Json
from ablate.lineages.loading import load_registry
from ablate.lineages.study_files import load_study
from ablate.recipes.registry import Registry
from ablate.stats.looks import asks_for_time
from ablate.store.resolved import FEATURES_OPTION, REGISTRY_OPTION, ResolvedStudy, recipe_option
from ablate.store.run_folder import RunFolder
from ablate.study import Study
from ablate.training.kinds import AUTO, COMPUTE_DTYPE, CURVES, Announce, Data, Kind, kind_of
from ablate.training.opening import device_for, resolve_study, say_on_stderr

_SCREENING = "screening"
"""The shipped study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study with everything it needs, before anything is written."""

    resolved: ResolvedStudy
    registry: Registry
    data: Data
    data_dir: Path | None = None
    elsewhere: bool = False
    """Whether no trial runs on this machine."""

    def _repr_html_(self) -> str:
        # Loaded where a notebook asks.
        from ablate.training.plan_shown import plan_html

        return plan_html(self)

    @property
    def kind(self) -> Kind:
        """What opens and trains such recipes."""
        return kind_of(self.registry)

    def compile_keys(self) -> Mapping[str, str]:
        """The compile key of each arm; none where nothing is compiled."""
        return self.kind.compile_keys(self.resolved.study, self.resolved.preset)

    def piece_shares(self) -> Mapping[str, float]:
        """The share of its steps that each arm runs for a time by the interleaved clock; empty with another clock."""
        study = self.resolved.study
        return self.kind.piece_shares(study, self.resolved.preset, self.data) if study.clock == "interleaved" else {}

    def options(self) -> tuple[str, ...]:
        """What makes another command work on these recipes, under these conditions: --recipe or --registry, --clock, --preset, …"""
        resolved, study = self.resolved, self.resolved.study
        words = [word for file in resolved.files for word in (file.option, _from_here(file.path))]
        if all(file.option != REGISTRY_OPTION for file in resolved.files):
            words += recipe_option(resolved.lineage).split()
        device = "auto" if self.kind.find_device("auto") == resolved.device else resolved.device
        given = {
            "--clock": (study.clock, "trial"),
            "--parallel": (str(study.parallel), "1"),
            "--preset": (study.preset, "auto"),
            "--data": (study.data, "auto"),
            "--data-dir": (str(self.data_dir), "None"),
            "--device": (device, "auto"),
            "--compute-dtype": (str(resolved.overrides.get(COMPUTE_DTYPE, AUTO)), AUTO),
        }
        return (*words, *(word for name, (value, usual) in given.items() if value != usual for word in (name, value)))


class Planning(TypedDict, total=False):
    """The keywords of `plan`, which `run` takes too."""

    registry: Registry | None
    recipe: str | None
    features_from: Path | None
    registry_file: Path | None
    data_dir: Path | None
    device: str
    compute_dtype: str
    curves: bool
    command: Sequence[str]
    overrides: Mapping[str, Json] | None
    announce: Announce
    elsewhere: bool


def plan(
    study: Study,
    *,
    registry: Registry | None = None,
    recipe: str | None = None,
    features_from: Path | None = None,
    registry_file: Path | None = None,
    data_dir: Path | None = None,
    device: str = "auto",
    compute_dtype: str = AUTO,
    curves: bool = False,
    command: Sequence[str] = (),
    overrides: Mapping[str, Json] | None = None,
    announce: Announce = say_on_stderr,
    elsewhere: bool = False,
) -> Plan:
    """Look up every name of a study and load its data; nothing is written, and no device is opened.

    Without `registry`, one made in Python, that of `recipe` is taken (the default lineage without one), with what the files
    `features_from` and `registry_file` add. `data_dir`: where data sets are kept. `device`: "auto" (a GPU where there is one), "cuda",
    "cuda:1", "cpu", "mps". `compute_dtype`: what networks compute in, "float64", "float32", "bfloat16" or "float16", "auto" being the
    device's own. `curves`: validate after each epoch, outside the clock. `command` and `overrides` go into study.json, for
    the record. `announce` is handed what must be said, line by line. `elsewhere`: no trial runs on this machine, which need not have
    the device then.

    Raises:
        UsageError, DataError: a name, combination, device, compute dtype, preset or data set that does not exist.
    """
    if registry is not None and study.processes > 1:
        raise UsageError(
            "A registry made in Python cannot be handed to child processes. Take processes=1, or write it to a file and pass "
            f"registry_file=… ({REGISTRY_OPTION}) or features_from=… ({FEATURES_OPTION})."
        )
    registry = registry or load_registry(recipe=recipe, features_from=features_from, registry=registry_file)
    # Names first: a typo should not have to wait for the images.
    study = study.possible(registry)
    kind = kind_of(registry)
    found = device_for(kind, device, elsewhere=elsewhere)
    kind.choose_preset(study.preset, found)
    asked = kind.choose_compute_dtype(compute_dtype, found)
    kind.check_study(study, curves=curves)
    data = kind.load_data(study.data, data_dir, announce)
    resolved = resolve_study(
        study,
        registry,
        data,
        device=device,
        command=command,
        overrides={**(overrides or {}), **({CURVES: True} if curves else {}), **_unless_auto(asked)},
        features_from=features_from,
        registry_file=registry_file,
        elsewhere=elsewhere,
    )
    return Plan(resolved=resolved, registry=registry, data=data, data_dir=data_dir, elsewhere=elsewhere)


def _unless_auto(compute_dtype: str) -> Mapping[str, Json]:
    return {} if compute_dtype == AUTO else {COMPUTE_DTYPE: compute_dtype}


def _from_here(path: str) -> str:
    """A path as one would write it in the current folder."""
    with suppress(ValueError):
        return str(Path(path).relative_to(Path.cwd()))
    return path


def foresee(
    planned: Plan,
    *,
    folder: RunFolder | None = None,
    retry_failed: bool = False,
    spreads_from: Path | None = None,
    announce: Announce = say_on_stderr,
) -> Estimate:
    """How long a study will take and what it could see, from what this machine has shown; nothing is written.

    Of `folder`, what is left to do counts, by its own trials; else pace and spreads come from the most recent run folder in runs/ of
    the same preset, device and data. Where there is none the effects that `visible` holds are NaN: unknown. `spreads_from`: the run
    folder whose spreads are supposed, before any other's; it sets the pace too if it was made under the same conditions, and what
    was otherwise there is announced.

    Raises:
        UsageError: the device is not available after all; `spreads_from` does not tell the spreads of such a study.
        AblateError: the folder's trials cannot be read.
    """
    resolved = planned.resolved
    facts = planned.kind.planned_environment(resolved, opened=not planned.elsewhere).facts
    precedent = find_precedent(resolved, facts, timed=asks_for_time(resolved.study))
    named = None if spreads_from is None else named_precedent(spreads_from, resolved, facts)
    if named is not None and named.differences:
        announce(f"The spreads of {spreads_from} are of other conditions: {'; '.join(named.differences)}.")
    elif named is not None:
        precedent = named
    if named is not None and named.clock != resolved.study.clock and asks_for_time(resolved.study):
        announce(
            f"{spreads_from} has times by the clock '{named.clock}', which tell nothing of those by '{resolved.study.clock}'."
        )
    options = planned.options()
    return estimate(
        resolved,
        planned.compile_keys(),
        store=None if folder is None else folder.read_trials(),
        retry_failed=retry_failed,
        precedent=precedent,
        named=named,
        facts=facts,
        piece_shares=planned.piece_shares(),
        options=options,
        # What has begun is best finished.
        candidates=_screenings(planned, options, precedent) if folder is None else (),
    )


def _screenings(planned: Plan, options: Sequence[str], precedent: Precedent | None) -> Iterator[Candidate]:
    """The screenings that `ablate study run` makes of the plan's recipes, of features and of groups, under the same conditions."""
    study, registry = planned.resolved.study, planned.registry
    if not registry.lineage and all(file.option != REGISTRY_OPTION for file in planned.resolved.files):
        # No command knows a registry made in Python.
        return
    asked = {contrast.subject for contrast in study.contrasts}
    enabled = sorted(
        name
        for name in asked & {*registry.extras, *registry.groups}
        if not set(registry.expand((name,))) <= set(registry.names)
    )
    enabling = ("--enable", ",".join(enabled)) if enabled else ()
    for resolution in ((), ("--resolution", "5")):
        with suppress(UsageError):
            screening = load_study(
                _SCREENING, registry.with_all(enabled), resolution=int(resolution[1]) if resolution else None
            )
            screening = planned.kind.fitted(screening).override(
                processes=study.processes,
                blocks=max(screening.blocks, study.processes),
                data=study.data,
                preset=study.preset,
                clock=study.clock,
                parallel=study.parallel,
            )
            other = replace(
                planned, resolved=resolve_study(screening, registry, planned.data, device=planned.resolved.device)
            )
            prices = Prices(
                other.resolved, other.compile_keys(), precedent=precedent, piece_shares=other.piece_shares()
            )
            yield Candidate(
                words=(_SCREENING, *resolution, *enabling, *options), study=other.resolved.study, prices=prices
            )
