"""What replay costs: python studies/replay_costs.py WHAT [--drives N] [--minutes M] [--rate FPS] [VIDEO...]

traces   judges N made traces of M minutes each, as one process, and gives times real time a core
archive  the same with --tables: bytes for each hour of driving, and what a data set of minutes costs
memory   the same drive for M and for 48 x M minutes: peak memory of each
cores    the videos given, with one process and with two: wall time of each
Processor times are those of the whole command with all of its processes.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from dms.records.trace import TraceHeader, TraceWriter
from dms.replay.bench_driver import awake_drive

HOUR_S, MINUTE_S = 3600.0, 60.0
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds of wall and processor, and the most memory that one process has held so far, MB."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def adopt() -> None:
    """Become the parent of processes whose own parent ends first, so that what they took is counted."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def replay(*arguments: str | Path) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "dms", "replay", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    process.wait()
    wall_s = time.perf_counter() - began
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall_s, cpu_s, after.ru_maxrss * 1024 / 1e6)


def made_drives(folder: Path, drives: int, minutes: float, rate: float) -> Path:
    folder.mkdir()
    for number in range(drives):
        with TraceWriter(
            folder / f"drive-{number}.jsonl", TraceHeader(f"drive-{number}", f"session {number}")
        ) as trace:
            for observation in awake_drive(minutes * MINUTE_S, rate):
                trace.write(observation)
    return folder


def size(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.rglob(pattern))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("traces", "archive", "memory", "cores"))
    parser.add_argument("videos", nargs="*", type=Path)
    parser.add_argument("--drives", type=int, default=36)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=15.0)
    options = parser.parse_args()
    adopt()
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        if options.what == "cores":
            for workers in (1, 2):
                cost = replay(*options.videos, "--out", work / f"{workers}", "--workers", str(workers))
                print(f"{workers} processes: {cost.wall_s:.1f} s wall, {cost.cpu_s:.1f} s of processor")
        elif options.what == "memory":
            for minutes in (options.minutes, 48 * options.minutes):
                made_drives(work / f"{minutes}", 1, minutes, options.rate)
                cost = replay(work / f"{minutes}" / "drive-0.jsonl", "--out", work / "out")
                print(f"{minutes:g} minutes: {cost.rss_mb:.1f} MB")
        else:
            driven_s = options.drives * options.minutes * MINUTE_S
            made_drives(work / "traces", options.drives, options.minutes, options.rate)
            more: list[str | Path] = ["--tables", work / "tables"] if options.what == "archive" else []
            cost = replay(work / "traces", "--out", work / "out", "--workers", "1", *more)
            print(f"{driven_s / HOUR_S:g} h at {options.rate:g} fps: {cost.cpu_s:.2f} s of processor, ", end="")
            print(f"{driven_s / cost.cpu_s:,.0f} times real time a core, {cost.rss_mb:.0f} MB")
            if options.what == "archive":
                hours = driven_s / HOUR_S
                print(f"bytes an hour: traces {size(work / 'traces', '*.jsonl') / hours:,.0f}", end="")
                for name, at, pattern in (
                    ("states", "out", "states.*"),
                    ("events", "out", "events.jsonl"),
                    ("summaries", "out", "summary.json"),
                    ("data set of events", "tables", "events.parquet"),
                    ("data set of minutes", "tables", "minutes.parquet"),
                ):
                    print(f", {name} {size(work / at, pattern) / hours:,.0f}", end="")
                print()
            shutil.rmtree(work / "out")


if __name__ == "__main__":
    main()
