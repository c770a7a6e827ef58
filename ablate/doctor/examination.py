"""All checks in order: device, machine, software, data."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.doctor.compilation import compilation_findings
from ablate.doctor.finding import Finding, ok, problem, warning
from ablate.doctor.gpu import gpu_findings
from ablate.doctor.machine import folder_finding, memory_findings, processor_findings, thread_finding
from ablate.doctor.recipe import recipe_finding
from ablate.doctor.software import current_variables, data_findings, source_finding, variable_finding, version_finding
from ablate.errors import AblateError, UsageError
from ablate.machine import environment, nvidia

if TYPE_CHECKING:
    from ablate.recipes.registry import Registry
    from ablate.training.kinds import Kind

RUN_FOLDER = Path("runs")
"""Where commands make their run folders unless told otherwise."""


def examine(
    device: str = "auto",
    data_home: Path | None = None,
    *,
    recipe: str | None = None,
    run_folder: Path = RUN_FOLDER,
    registry: "Registry | None" = None,
) -> list[Finding]:
    """Everything about this machine that would spoil a measurement, a finding for each thing that could be looked at.

    Takes up to a minute: a function is really compiled. What the system does not show gives no finding. With `recipe`, whether that
    one can be loaded here is looked at too. With a `registry` of recipes of one's own, what torch needs is not looked at, but
    whether their programs and files are here.

    Raises:
        UsageError: `device` is no device's name; a known one that is not here is a finding. There is no such recipe.
    """
    if registry is not None:
        from ablate.training.kinds import kind_of

        kind = kind_of(registry)
        if not kind.in_torch:
            return list(_findings_without_torch(kind, device, run_folder))
    if recipe is None:
        return list(_findings(device, data_home, run_folder))
    from ablate.lineages.lookup import find_lineage

    known = find_lineage(recipe)
    return [*_findings(device, data_home, run_folder), recipe_finding(known)]


def _findings_without_torch(kind: "Kind", device: str, run_folder: Path) -> Iterator[Finding]:
    from ablate.study import BASELINE, Arm

    chosen = kind.find_device(device)
    facts = environment.describe_plainly(chosen).facts
    yield ok("device", f"{chosen}: {facts['device_name'] or 'unknown'}")
    on_cpu = chosen == "cpu"
    yield from processor_findings(on_cpu)
    yield from memory_findings(on_cpu)
    yield folder_finding("disk", run_folder, "choose another place with `--out DIR`")
    yield source_finding()
    arms = [Arm(name=name, features=frozenset((name,))) for name in kind.registry.names]
    try:
        # One that cannot be on alone is tried with those it needs, in the study.
        possible = [arm for arm in arms if kind.registry.reason_impossible(arm.features) is None]
        kind.rehearse([Arm(name=BASELINE, features=frozenset()), *possible], chosen)
        data = kind.load_data("auto", None, lambda line: None)
    except AblateError as error:
        yield problem("recipes", str(error), "mend the registry's file, or what it names")
    else:
        yield ok("recipes", f"{type(kind.registry.baseline).__name__}: what it names is here; data: {data.name}")


def _findings(device: str, data_home: Path | None, run_folder: Path) -> Iterator[Finding]:
    try:
        import torch

        from ablate.training import session
    except (ImportError, OSError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        yield problem("torch", f"cannot be imported: {reason}", "pip install --force-reinstall torch torchvision")
        return
    yield version_finding(str(torch.__version__))
    chosen = _chosen(device)
    # Before the device is opened: its own context would count as somebody else's process inside a container.
    on_gpu = list(gpu_findings(environment.gpu_identities(chosen))) if _reaches_nvidia(chosen) else []
    try:
        opened = str(session.open_device(chosen))
    except UsageError:
        if chosen.partition(":")[0] not in ("cpu", "cuda", "mps", "xpu"):
            raise
        # Not the error's own words: they send the reader here.
        yield problem("device", f"torch {torch.__version__} does not reach '{chosen}'", _why_no_device(chosen))
        opened = None
    if opened is not None:
        yield _device(device, opened)
    yield from on_gpu
    on_cpu = opened in (None, "cpu")
    yield from processor_findings(on_cpu)
    yield thread_finding(torch.get_num_threads())
    yield from memory_findings(on_cpu)
    yield folder_finding("disk", run_folder, "choose another place with `--out DIR`")
    yield from compilation_findings(opened or "cpu")
    yield variable_finding(current_variables())
    yield source_finding()
    yield from data_findings(data_home)


def _chosen(device: str) -> str:
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device


def _reaches_nvidia(device: str) -> bool:
    import torch

    return device.startswith("cuda") and torch.cuda.is_available() and torch.version.hip is None


def _device(asked: str, opened: str) -> Finding:
    facts = environment.describe(opened, "").facts
    seen = f"{opened}: {facts['device_name']}"
    unused = nvidia.gpu_names() if asked == "auto" and opened == "cpu" else []
    if unused:
        return warning("device", f"{seen}, though the driver sees {unused[0]}", _why_no_device("cuda"))
    return ok("device", seen)


def _why_no_device(device: str) -> str:
    """What keeps torch from a device that this machine may well have."""
    import torch

    if not device.startswith("cuda"):
        return "train with `--device cpu`"
    if torch.version.cuda is None and torch.version.hip is None:
        return "this torch is built without CUDA: install a wheel that is built for it, or train with `--device cpu`"
    if not nvidia.gpu_names():
        return "no GPU driver answers: install it (check with `nvidia-smi`), or train with `--device cpu`"
    return "compare CUDA_VISIBLE_DEVICES and the driver's CUDA version with torch's (`nvidia-smi`)"
