"""The heap of a process that trains on a processor: memory that is freed stays with the process."""

import ctypes
import functools
import os

# The parameters' numbers in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 2**31 - 1
_LARGEST_THAT_OLDER_VERSIONS_TAKE = 2**25

_SET_BY_HAND = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES", "LD_PRELOAD")


@functools.cache
def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees instead of handing it back to the system; whether it does.

    By default it depends on what happens to lie at the heap's end whether a step's tensors are freed to the system and had from it
    anew, page by page: one recipe then trains a third slower in one process than in the next, and another does not. Only glibc is
    told so (mallopt(3)), and only where no variable of the environment says otherwise.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if os.name == "posix" else None
    if mallopt is None or any(os.environ.get(name) for name in _SET_BY_HAND):
        return False
    large = mallopt(_MMAP_THRESHOLD, _LARGEST) or mallopt(_MMAP_THRESHOLD, _LARGEST_THAT_OLDER_VERSIONS_TAKE)
    return bool(large and mallopt(_TRIM_THRESHOLD, _LARGEST))
