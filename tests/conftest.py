"""Settings that hold before any test imports anything."""

import os

# Test networks are so small that a second thread only waits for the first, for seconds where other processes share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
