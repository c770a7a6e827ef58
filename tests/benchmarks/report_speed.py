"""How long reports and figures take, and how much memory: `python tests/benchmarks/report_speed.py [TRIALS]`.

The bounds: reports of 100,000 trials of 64 arms in under 10 s and 1 GiB, report.html of 20 arms of 200 trials in under 3 MB, and
a figure in under 2 s.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from ablate.plots import draw, to_svg  # noqa: E402
from ablate.report import FORMATS, write_reports  # noqa: E402
from ablate.stats.evidence import Evidence  # noqa: E402
from ablate.study import combine, leave_one_out, shapley  # noqa: E402
from tests.fakes import HIVE_SLUGS  # noqa: E402
from tests.report.build import resolved, trials_of, write_folder  # noqa: E402

# Processor time stands beside the clock's: on a machine that does other work, only it tells anything.
TIMED = """
import resource, sys, time
started = time.perf_counter()
from ablate.report import report
text = report(sys.argv[1], sys.argv[2])
taken, own = time.perf_counter() - started, time.process_time()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
size = len(text.encode()) / 1e6
print(f"{sys.argv[2]:6} {taken:6.2f} s  {own:6.2f} s of processor  {peak:5.2f} GiB  {size:6.2f} MB", flush=True)
"""


def large(trials: int) -> None:
    """Every format on 64 arms, each in a process of its own."""
    study = resolved(shapley(HIVE_SLUGS), name="shapley", blocks=trials // 64, processes=5)
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder) / "run", study, trials_of(study))
        print(f"{len(study.schedule):,} trials of {len(study.study.arms)} arms")
        for format in FORMATS:
            subprocess.run([sys.executable, "-c", TIMED, str(path), format], cwd=ROOT, check=True)


def page() -> None:
    """report.html of 20 arms of 200 trials, with all its figures."""
    design = leave_one_out([f"feature_{number}" for number in range(19)])
    study = resolved(design, name="page", blocks=200, processes=5)
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder) / "run", study, trials_of(study))
        started = time.perf_counter()
        (html, *_) = write_reports(path)
        size = html.stat().st_size / 1e6
        print(f"20 arms of 200 trials: report.html {size:.2f} MB, all files in {time.perf_counter() - started:.1f} s")


def figures(times: int = 5) -> None:
    """Each kind from trials in memory to SVG: 20 trials of the 64 arms that every kind can be drawn from, but for curves."""
    study = resolved(combine(shapley(HIVE_SLUGS), leave_one_out(HIVE_SLUGS)), name="shapley", blocks=20, processes=5)
    with tempfile.TemporaryDirectory() as folder:
        path = write_folder(Path(folder) / "run", study, trials_of(study))
        for kind in ("waterfall", "effects", "frontier", "distribution", "interactions", "shapley"):
            taken = []
            for _ in range(times):
                evidence = Evidence.read(path)
                started = time.perf_counter()
                to_svg(draw(kind, evidence))
                taken.append(time.perf_counter() - started)
            print(f"{kind:12} {statistics.median(taken):.2f} s ({min(taken):.2f} to {max(taken):.2f}, n = {times})")


if __name__ == "__main__":
    large(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
    page()
    figures()
