#!/usr/bin/env python3
"""How many observations a second the driver room judges on one core, and the memory it holds after a day.

python studies/bench_driver.py
"""

import tracemalloc

from dms.config.driver import DriverSettings
from dms.driver import DriverMonitor
from dms.replay.bench_driver import awake_drive, bench_driver


def main() -> None:
    """Measure at each rate, then hold memory against hours."""
    print(bench_driver(DriverSettings()).text())
    monitor = DriverMonitor(DriverSettings())
    for observation in awake_drive(3600, 5):
        monitor.step(observation)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for observation in awake_drive(23 * 3600, 5, 3600):
        monitor.step(observation)
    after, _ = tracemalloc.get_traced_memory()
    print(f"memory after 24 h against 1 h: {after - before:+,} bytes")


if __name__ == "__main__":
    main()
