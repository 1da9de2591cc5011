"""Guards speed by ratios, never by times: fails when a ratio is a quarter worse than the committed baseline.

    python scripts/guard_speed.py            # compare; exit code 1 on a regression
    python scripts/guard_speed.py --write    # make the baseline of this set of packages anew

Each ratio is of processor time in one process, all threads counted, on the sample drive, and the best of three runs:

frame_over_nets      the whole of perception over the runs of the models in it
frame_over_decoding  the same over bare OpenCV that decodes the same frames
help_over_python     `dms --help` over a Python that does nothing
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from dms.threads import one_thread_each

one_thread_each()

import cv2  # noqa: E402  # the libraries read their threads when they are loaded
import numpy as np  # noqa: E402
import numpy.typing as npt  # noqa: E402

from dms.config import CameraSettings, PerceptionSettings  # noqa: E402
from dms.demo import SAMPLE_DRIVE  # noqa: E402
from dms.frames.source import open_recording  # noqa: E402
from dms.perception.engine import Model, Numbers  # noqa: E402
from dms.perception.perception import Perception  # noqa: E402

BASELINE = Path(__file__).parent / "speed_baseline.json"
WORST = 1.25
"""Most that a ratio may be of its baseline."""
RUNS = 3


class Meter:
    """Processor seconds spent somewhere."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count what happens meanwhile."""
        start = time.process_time()
        try:
            yield
        finally:
            self.seconds += time.process_time() - start


@contextmanager
def metered_models(meter: Meter) -> Iterator[None]:
    """Count the runs of every model."""
    run = Model.run_quantised

    def metered(self: Model, picture: npt.NDArray[np.uint8]) -> list[Numbers]:
        with meter.running():
            return run(self, picture)

    Model.run_quantised = metered  # type: ignore[method-assign]
    try:
        yield
    finally:
        Model.run_quantised = run  # type: ignore[method-assign]


def child_seconds(*arguments: str) -> float:
    """Processor seconds of a Python of its own."""
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(arguments)}: exit code {child.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure() -> dict[str, float]:
    """The ratios of one run."""
    perception = Perception(PerceptionSettings())
    perception.warm_up()
    decoding, whole, nets = Meter(), Meter(), Meter()
    # OpenCV alone, so that a faster reader of ours does not look like slower perception
    with decoding.running():
        capture = cv2.VideoCapture(str(SAMPLE_DRIVE), cv2.CAP_FFMPEG)
        while capture.read()[0]:
            pass
        capture.release()
    frames = list(open_recording(SAMPLE_DRIVE, CameraSettings()).frames())
    with metered_models(nets), whole.running():
        for frame in frames:
            perception.observe(frame)
    # one start of Python is too short to be measured well
    python_s = median(child_seconds("-c", "pass") for _ in range(5))
    return {
        "frame_over_nets": whole.seconds / nets.seconds,
        "frame_over_decoding": whole.seconds / decoding.seconds,
        "help_over_python": child_seconds("-m", "dms", "--help") / python_s,
    }


def runtime() -> str:
    """The TFLite runtime that ``perception.runtime = "auto"`` takes."""
    for name in ("ai-edge-litert", "tflite-runtime"):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    raise SystemExit("no TFLite runtime is installed")


def regressions(measured: dict[str, float], baseline: dict[str, float]) -> list[str]:
    """What is clearly worse than it was, in words."""
    return [
        f"{name} is {measured[name]:.2f}, {measured[name] / before:.2f} times its baseline {before:.2f}"
        for name, before in baseline.items()
        if measured[name] > WORST * before
    ]


def main() -> None:
    """Measure, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="make the baseline of this set of packages anew")
    write = parser.parse_args().write
    runs = [measure() for _ in range(RUNS)]
    best = {name: round(min(run[name] for run in runs), 2) for name in runs[0]}
    baselines = json.loads(BASELINE.read_text(encoding="utf-8")) if BASELINE.exists() else {}
    name = runtime()
    print(f"{name}: {', '.join(f'{ratio} {value}' for ratio, value in best.items())}")
    if write:
        baselines[name] = best
        BASELINE.write_text(json.dumps(baselines, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return
    if name not in baselines:
        raise SystemExit(f"{BASELINE.name} has no baseline for {name}: run with --write")
    worse = regressions(best, baselines[name])
    for line in worse:
        print(f"slower: {line}", file=sys.stderr)
    raise SystemExit(1 if worse else 0)


if __name__ == "__main__":
    main()
