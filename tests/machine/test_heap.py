"""A process of its own each time: what the heap was told cannot be taken back."""

import os
import subprocess
import sys

import pytest

FAULTS = """
import resource
import torch
from ablate.machine.heap import keep_freed_memory

print(keep_freed_memory())

def step():
    return [torch.ones(6_000_000) for _ in range(3)]

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def kept_and_faults(**environment: str) -> tuple[str, int]:
    ended = subprocess.run(
        [sys.executable, "-c", FAULTS],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    kept, faults = ended.stdout.split()
    return kept, int(faults)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="page faults as Linux counts them")
def test_a_step_has_its_memory_from_the_step_before_it() -> None:
    kept, faults = kept_and_faults()
    if kept == "False":
        pytest.skip("not glibc")
    # Had from the system anew each time, 15 tensors of 24 MB are 88,000 pages.
    assert faults < 10_000


def test_what_the_environment_says_of_the_heap_is_left_alone() -> None:
    kept, _ = kept_and_faults(MALLOC_TRIM_THRESHOLD_="131072")
    assert kept == "False"
