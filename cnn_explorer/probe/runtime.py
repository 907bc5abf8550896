"""How this process runs torch: threads and memory. Imports nothing heavy until told to."""

import ctypes
import os
import sys

_KEPT = 512 << 20
"""Bytes of freed memory that stay with the process, for the next forward."""
_LARGE = 32 << 20
"""Blocks above this size go straight to and from the system: the largest that glibc allows."""

# from glibc's malloc.h
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def keep_freed_memory() -> None:
    """Let the process keep the memory that one forward frees for the next. Call before threads.

    Where outputs are kept, each run frees a hundred megabytes, which glibc hands back to the
    system, to ask for them again page by page at the next run: with all of ResNet-50's outputs
    kept, that took a fifth of the time. One arena, because those of threads do not keep theirs.
    Elsewhere than on glibc nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _KEPT)


def give_back_memory() -> None:
    """Hand back what `keep_freed_memory` keeps, once: after networks were let go, whose small
    layers would stay with the process up to that limit."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def import_torch() -> None:
    """Import torch as this program wants it. Call first, in the one thread that will run networks.

    OpenMP's threads wait for work by spinning; on a busy machine that takes the processor from
    those who have work, and forwards took many times as long. A short spin softens that, and
    must be set before the library is loaded. All parallel work happens in the thread that
    imports, because a second pool of threads slows both.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    keep_freed_memory()
    import torch  # noqa: F401


def fills_all_cores() -> bool:
    """Whether forwards run on every core that this process may use. Each part of a forward is
    shared out evenly, so what else is done meanwhile makes all threads wait for one."""
    import torch

    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return torch.get_num_threads() >= cores
