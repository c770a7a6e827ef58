"""`python -m tests.engine.drive_on_ray ADDRESS FOLDER ARGUMENTS`: a driver of a run folder's study on a cluster, for tests to kill."""

import json
import sys
from pathlib import Path
from typing import Any

from ablate.engine.events import Event, ProcessStarted, TrialFinished, TrialStarted
from ablate.engine.executors import ChildExecutor
from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.runner import run_study
from ablate.store.run_folder import RunFolder
from tests.fakes import untried

WORDS = {TrialStarted: "started", TrialFinished: "finished"}


def tell(event: Event) -> None:
    if isinstance(event, ProcessStarted):
        print("process", event.process_id, flush=True)
    elif type(event) in WORDS:
        print(WORDS[type(event)], flush=True)


def drive(address: str, path: Path, arguments: dict[str, Any]) -> None:
    places = RayCluster(RayAddress.parse(address)).places()
    executor = ChildExecutor("tests.fake_trainer:make", arguments, untried=untried, places=places)
    folder = RunFolder.open(path)
    with folder.open_store() as store:
        run_study(folder.resolved.schedule, store, executor, on_event=tell, parallel=len(places), apart=True)
    print("complete", flush=True)


if __name__ == "__main__":
    drive(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]))
