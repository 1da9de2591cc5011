#!/usr/bin/env python3
"""How many observations a second the driver room judges on one core, and the memory it holds after a day.

python scripts/bench_driver.py
"""

import time
import tracemalloc
from collections.abc import Iterator

from dms.config.driver import DriverSettings
from dms.driver import DriverMonitor
from dms.observation import Box, Emotions, HeadPose, Observation, View

CALM = Emotions(0.85, 0.04, 0.03, 0.02, 0.03, 0.01, 0.01, 0.01)


def drive(seconds: float, rate: float, start_s: float = 0.0) -> Iterator[Observation]:
    """An awake driver who blinks every four seconds and looks away every minute; five readings of the face a second."""
    box, pose = Box(200.0, 100.0, 150.0, 190.0), HeadPose(2.0, -3.0, 0.0)
    emotion_every = max(1, round(rate / 5))
    for frame in range(int(seconds * rate)):
        t = start_s + frame / rate
        away = t % 60 < 2
        closed = None if away else 0.95 if t % 4 < 0.2 else 0.04
        emotions = CALM if frame % emotion_every == 0 and not away else None
        yield Observation(t, View.CLEAR, True, 0.95, box, pose, closed, closed, 0.04, emotions)


def main() -> None:
    """Measure at each rate, then hold memory against hours."""
    for rate in (5, 10, 15, 30):
        observations = list(drive(200_000 / rate, rate))
        monitor = DriverMonitor(DriverSettings())
        start_s = time.process_time()
        for observation in observations:
            monitor.step(observation)
        took_s = time.process_time() - start_s
        print(f"{rate:>3} fps: {len(observations) / took_s:>9,.0f} observations a second of one core")
    monitor = DriverMonitor(DriverSettings())
    for observation in drive(3600, 5):
        monitor.step(observation)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for observation in drive(23 * 3600, 5, 3600):
        monitor.step(observation)
    after, _ = tracemalloc.get_traced_memory()
    print(f"memory after 24 h against 1 h: {after - before:+,} bytes")


if __name__ == "__main__":
    main()
