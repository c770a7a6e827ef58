"""A study that is to run on seats: its settings, its device and what goes into the record. Free of torch."""

from ablate.engine.seating import OPTION, Seating
from ablate.errors import UsageError
from ablate.store.resolved import ResolvedStudy
from ablate.study import Study
from ablate.training.opening import say_on_stderr
from ablate.training.planning import Planning


def seated(study: Study, seating: Seating, planning: Planning) -> tuple[Study, Planning]:
    """A study and its planning as its seats ask for, which go into the record; says what they leave idle, or train on by mistake.

    Raises:
        UsageError: the device is not that of the seats.
    """
    if not seating.names:
        return study, planning
    announce, device = planning.get("announce", say_on_stderr), planning.get("device", "auto")
    planned: Planning = {**planning, "overrides": {**(planning.get("overrides") or {}), "seats": list(seating.names)}}
    if seating.on_gpus:
        if device not in ("auto", "cuda"):
            raise UsageError(f"Seats that are GPUs train on cuda, not on --device {device}. Leave --device out.")
        planned["device"] = "cuda"
    if seating.elsewhere:
        planned["elsewhere"] = True
        if device == "auto":
            announce(
                "Seats elsewhere train on the device that this machine would take; --device cuda says that they have GPUs."
            )
    if seating.parallel is not None:
        study = study.override(parallel=seating.parallel)
    elif study.processes < seating.count:
        announce(
            f"The study has {study.processes} processes for {seating.count} seats: a process trains in one seat. "
            f"With --processes {2 * seating.count} none would be idle."
        )
    return study, planned


def check_resumed(resolved: ResolvedStudy, seating: Seating) -> None:
    """Refuse to go on with a study on seats that its trials cannot be compared on.

    Raises:
        UsageError: it compares times and seats share cores, or trains on something else than the GPUs that its seats are.
    """
    if seating.shared > 1 and resolved.study.times_count:
        raise UsageError(
            f"{OPTION} local:{seating.shared} has trials share this machine's cores, and this study compares their times. "
            "Resume it without, or start a new study."
        )
    if seating.on_gpus and resolved.device != "cuda":
        raise UsageError(
            f"Seats that are GPUs train on cuda, and this study on {resolved.device}. Resume it without {OPTION}, or start a new study."
        )
