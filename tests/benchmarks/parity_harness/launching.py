"""Runs one launch of either side until it has all its trials."""

import importlib.metadata
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.machine import nvidia
from parity_harness.child import Child
from parity_harness.plan import DATA_FOLDER, MARK, Launch, Recipe
from parity_harness.results import Results
from parity_harness.table import TableReader

BENCHMARKS = Path(__file__).resolve().parents[1]
REPOSITORY = BENCHMARKS.parents[1]


@dataclass(frozen=True, slots=True)
class Launcher:
    """What every launch is started with.

    `data_folder` holds the data files; `compiled` off is for stand-ins; `deadline` is a `time.monotonic()` moment.
    """

    scripts: dict[Recipe, Path]
    data_name: str
    data_folder: Path
    trials: int
    device: str
    preset: str
    compiled: bool
    patience_seconds: float
    deadline: float | None
    say: Callable[[str], None]

    def run(self, launch: Launch, results: Results) -> None:
        """Start a fresh process for the trials that a launch lacks, and keep each as it comes.

        Raises:
            AblateError: the process died, got stuck, or ended before it had done them.
            DeadlineError: the time is over; the process is ended, its whole trials are kept.
        """
        attempt = results.attempts(launch)
        key: dict[str, Any] = {"recipe": launch.recipe, "side": launch.side, "round": launch.round, "attempt": attempt}
        results.append("launch", **key, versions=versions(), clocks=self._clocks())
        follow = self._follow_ours if launch.side == "ours" else self._follow_theirs
        follow(launch, key, results)
        if (done := results.finished(launch)) < self.trials:
            raise AblateError(f"{launch.name} ended by itself after {done} of {self.trials} trials.")

    def _follow_ours(self, launch: Launch, key: dict[str, Any], results: Results) -> None:
        command = [sys.executable, "-m", "parity_harness.ours", "--recipe", launch.recipe, "--data", self.data_name]
        command += ["--folder", str(self.data_folder), "--first", str(results.finished(launch))]
        command += ["--trials", str(self.trials), "--round", str(launch.round)]
        command += ["--device", self.device, "--preset", self.preset]
        paths = [str(REPOSITORY), str(BENCHMARKS), *filter(None, [os.environ.get("PYTHONPATH")])]
        environment = {"PYTHONPATH": os.pathsep.join(paths)}
        if not self.compiled:
            # Stand-ins are about the harness: one thread, since a small network on a busy machine only waits for the others.
            environment |= {"TORCHDYNAMO_DISABLE": "1", "OMP_NUM_THREADS": "1"}
        unfinished = ""
        with self._child(launch, command, self.data_folder, results, environment) as child:
            for piece in child.output():
                *lines, unfinished = (unfinished + piece).split("\n")
                for line in lines:
                    if line.startswith(MARK):
                        self._keep_ours(launch, key, json.loads(line.removeprefix(MARK)), results)

    def _keep_ours(self, launch: Launch, key: dict[str, Any], line: dict[str, Any], results: Results) -> None:
        if "environment" in line:
            results.append("environment", **key, facts=line["environment"])
            return
        results.append("trial", **key, **line["trial"], before=line["before"], after=line["after"])
        self._say_trial(launch, results)

    def _follow_theirs(self, launch: Launch, key: dict[str, Any], results: Results) -> None:
        script = self.scripts[launch.recipe]
        reader = TableReader()
        with tempfile.TemporaryDirectory(prefix=f"{launch.name}-") as folder:
            # The scripts look for their data below the folder they run in.
            (Path(folder) / DATA_FOLDER).symlink_to(
                (self.data_folder / DATA_FOLDER).resolve(), target_is_directory=True
            )
            command = [sys.executable, str(script.resolve())]
            with self._child(launch, command, Path(folder), results, {}) as child:
                for piece in child.output():
                    for trial in reader.feed(piece):
                        if results.finished(launch) == self.trials:
                            return
                        results.append(
                            "trial",
                            **key,
                            run=trial.run,
                            accuracy=trial.accuracy,
                            score=trial.score,
                            time_seconds=trial.time_seconds,
                        )
                        self._say_trial(launch, results)
                    if results.finished(launch) == self.trials:
                        # The next trial has begun by now: these are the clocks under load.
                        results.append("launch_end", **key, clocks=self._clocks())
                        return

    def _child(
        self, launch: Launch, command: list[str], folder: Path, results: Results, environment: dict[str, str]
    ) -> Child:
        return Child(
            launch.name,
            command,
            folder=folder,
            log=results.path.with_name(f"{launch.name}.log"),
            environment=environment,
            patience_seconds=self.patience_seconds,
            deadline=self.deadline,
        )

    def _say_trial(self, launch: Launch, results: Results) -> None:
        last = results.lines[-1]
        self.say(
            f"{launch.name}: trial {results.finished(launch)} of {self.trials}, "
            f"{100 * last['score']:.2f} %, {last['time_seconds']:.4f} s"
        )

    def _clocks(self) -> dict[str, Any] | None:
        """What nvidia-smi says now; asked without torch, so that this process never touches the GPU."""
        if not self.device.startswith("cuda"):
            return None
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
        state = nvidia.state([visible or self.device.partition(":")[2] or "0"])
        return None if state is None else dict(state)


def versions() -> dict[str, str]:
    """The interpreter and the packages that both sides run with."""
    packages = {name: importlib.metadata.version(name) for name in ("torch", "torchvision")}
    return {"python": platform.python_version(), **packages}
