"""What a seat on Ray adds to a trial: `python tests/benchmarks/ray_overhead.py [TRIALS] [ADDRESS]`, beside a child of this process.

The trainer does nothing, so that a trial is its request, its events and its record; ADDRESS is a running cluster's, else one is started
here. At most 5 ms a trial are wanted.
"""

import statistics
import sys
import threading
import time

from ablate.engine.places import LocalPlace, Place
from ablate.engine.ray_address import RayAddress
from ablate.engine.ray_cluster import RayCluster
from ablate.engine.worker import command_for
from tests.fakes import fake_study

WARM_UP_TRIALS = 20


def measure(place: Place, trials: int) -> None:
    began = time.perf_counter()
    worker = place.start("tests.fake_trainer:make", {}, threading.Event())
    assert worker.receive(120.0)["kind"] == "ready"
    ready = time.perf_counter() - began
    schedule = fake_study(trials + WARM_UP_TRIALS, 1).schedule()[: trials + WARM_UP_TRIALS]
    seconds = []
    for spec in schedule:
        began = time.perf_counter()
        worker.send(command_for([spec], 0))
        while (message := worker.receive(120.0))["kind"] != "finished":
            if message["kind"] == "untried":
                worker.finished(message)
        worker.finished(message)
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    worker.end()
    ended = time.perf_counter() - began
    cuts = statistics.quantiles(seconds[WARM_UP_TRIALS:], n=100)
    print(
        f"{place.name}: {1000 * statistics.median(seconds[WARM_UP_TRIALS:]):.2f} ms a trial (median of {trials}; "
        f"5 % below {1000 * cuts[4]:.2f}, 5 % above {1000 * cuts[94]:.2f}); started in {ready:.2f} s, ended in {ended:.2f} s"
    )


if __name__ == "__main__":
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    measure(LocalPlace(), trials)
    cluster = RayCluster(RayAddress.parse(sys.argv[2] if len(sys.argv) > 2 else "auto"), announce=print)
    try:
        measure(cluster.places()[0], trials)
    finally:
        cluster.close()
