"""How many cores there are, and how many threads the libraries below may use: one each.

Frames are small, and the nets have their own setting for threads. More threads of OpenBLAS and OpenCV do not make a
frame faster; between two small jobs they spin, which is half the processor time of a replay and heat on a small
computer.
"""

import os

_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


def one_thread_each() -> None:
    """Tell the libraries that are not loaded yet; a number that the user set stays.

    For programs alone: they read it when they are loaded, and whoever only imports dms decides for himself.
    """
    for name in _LIMITS:
        os.environ.setdefault(name, "1")


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0))
