"""Export after the fact: what a tracker lacks of a run folder is added, what it has is left alone."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ablate.errors import AblateError
from ablate.export.destinations import Destination, destinations_of
from ablate.export.exported import ExportedStudy, exported_trials, folder_id, reference_recipe, trial_id
from ablate.export.tracker import Tracker
from ablate.formats.printable import printable
from ablate.formats.secrets import without_secrets
from ablate.stats.evidence import Evidence
from ablate.store.run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What one export did: how many trials were `added` and how many there `already`; whether the summary was new; where they are."""

    kind: str
    place: str
    added: int
    already: int
    summary: bool


def export(
    folder: str | os.PathLike[str],
    to: str | Destination | Sequence[str | Destination],
    *,
    uri: str | Sequence[str] | None = None,
    project: str | None = None,
    upload: bool = False,
) -> tuple[Exported, ...]:
    """Keep a run folder's trials as runs of one or several trackers, and what they say together as one run more.

    A run is a trial, grouped by arm, with what was set as parameters and what was measured as metrics; a trial that failed is a run
    that failed. Again it adds what is new and nothing else. A trial that was run again counts with its last record, as in reports; if
    its first one was exported before, that stays where it is, as a failed run without measurements, and the last one is added.
    Nothing leaves this machine without a `uri` of a server or `upload`.

    Raises:
        UsageError: there is no run folder there, no such tracker, or its package is not installed.
        AblateError: a tracker failed; what it has taken stays, and the same call adds the rest.
    """
    chosen = destinations_of(to, uri=uri, project=project, upload=upload)
    opened = RunFolder.open(Path(folder))
    return tuple(_export(opened, destination) for destination in chosen)


def _export(folder: RunFolder, destination: Destination) -> Exported:
    try:
        tracker = destination.open(folder)
        try:
            return add_missing(tracker, destination, folder)
        finally:
            tracker.close()
    except AblateError:
        raise
    # Trackers raise what their servers, databases and disks do, and some end the process.
    except (Exception, SystemExit) as error:
        raise AblateError(
            f"{destination.title} failed: {said(error)}\nWhat it has taken stays; the rest is added by: {destination.command(folder)}"
        ) from error


def add_missing(tracker: Tracker, destination: Destination, folder: RunFolder) -> Exported:
    """Add the trials and the summary that a tracker lacks."""
    store = folder.read_trials()
    identifier = folder_id(folder)
    trials = sorted(store.latest().values(), key=lambda trial: (trial.spec.block, trial.spec.position, trial.spec.arm))
    known = tracker.known()
    missing = [trial for trial in trials if trial_id(identifier, trial) not in known]
    reference = reference_recipe(folder.resolved, trials, store)
    for trial in exported_trials(identifier, folder.resolved, missing, store, reference):
        tracker.trial(trial)
    study = ExportedStudy(evidence=Evidence.of(folder.resolved, store), folder=identifier)
    is_new = bool(trials) and study.id not in known
    if is_new:
        tracker.summary(study)
    return Exported(
        kind=destination.kind,
        place=without_secrets(tracker.place),
        added=len(missing),
        already=len(trials) - len(missing),
        summary=is_new,
    )


def said(error: BaseException) -> str:
    """What went wrong, on one line that is no page."""
    text = ""
    with suppress(Exception):
        text = without_secrets(printable(str(error)))
    text = text or type(error).__name__
    return text if len(text) <= 300 else f"{text[:299]}…"
