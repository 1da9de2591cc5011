"""What a command takes: processor time and memory, which mean something on a busy machine too."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """Of one process with all of its threads.

    Attributes:
        cpu_s: User and system time, seconds.
        rss_mb: Peak resident memory, MB (10^6 bytes).
    """

    cpu_s: float
    rss_mb: float


def measure(command: Sequence[str | Path], more: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; ``more`` goes into its environment."""
    environment = {**os.environ, **(more or {})}
    # what this process sets for its own libraries is not what a user's shell has
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "PYTHONPATH"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))}:\n{said.decode(errors='replace')}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6)


def ratio(costs: Sequence[float], over: Sequence[float]) -> float:
    """Median of the ratios of runs that were made in turn."""
    return median(a / b for a, b in zip(costs, over, strict=True))
