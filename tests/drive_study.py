"""`python -m tests.drive_study FOLDER OPTIONS`: a parent for the fault tests to kill. Prints each trial once it is on disk."""

import json
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from ablate.engine.events import Event, ProcessStarted, TrialFinished
from ablate.engine.executors import ChildExecutor, InProcessExecutor
from ablate.engine.runner import run_study
from ablate.errors import AblateError
from ablate.store.run_folder import RunFolder
from tests.fake_trainer import make
from tests.fakes import untried


def tell(event: Event) -> None:
    if isinstance(event, TrialFinished):
        print("finished", *event.trial.spec.key, sep="\t", flush=True)
    elif isinstance(event, ProcessStarted):
        print("process", event.process_id, sep="\t", flush=True)


def drive(path: Path, *, children: bool, most_bytes: int | None = None, **arguments: Any) -> None:
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    folder = RunFolder.open(path)
    parallel = folder.resolved.study.parallel
    executor = (
        ChildExecutor("tests.fake_trainer:make", arguments, untried=untried, parallel=parallel)
        if children
        else InProcessExecutor(make(**arguments))
    )
    with folder.open_store() as store:
        print("opened", flush=True)
        schedule = folder.resolved.schedule
        how = folder.how_to_resume
        run_study(schedule, store, executor, on_event=tell, how_to_resume=how, parallel=parallel)
    print("complete", flush=True)


if __name__ == "__main__":
    # A test run in the background hands on an ignored SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        drive(Path(sys.argv[1]), **json.loads(sys.argv[2]))
    except AblateError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
