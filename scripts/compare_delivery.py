"""Compares delivery with that of an earlier commit, side by side: one run of each, in turn, on the same disk.

    python scripts/compare_delivery.py 6946d1c           # 15 runs of each in the current folder, five minutes
    python scripts/compare_delivery.py 6946d1c --runs 5

Prints the median of each figure of `dms bench delivery`, before and now, and the ratio. The earlier commit
comes out of this repository's history and runs with the packages that are installed here.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
FIGURES = ("latency_ms", "latency_p99_ms", "outbox_per_s")
BENCH = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import dms
from dms.alerts.bench import bench_delivery
assert dms.__file__.startswith(sys.argv[1]), dms.__file__
print(json.dumps(bench_delivery(Path.cwd()).to_json()))
"""


def bench(checkout: Path) -> dict[str, float]:
    ran = subprocess.run([sys.executable, "-c", BENCH, checkout], check=True, stdout=subprocess.PIPE, text=True)
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare delivery with an earlier commit's.")
    parser.add_argument("commit")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        archive = subprocess.run(["git", "archive", options.commit], cwd=ROOT, capture_output=True, check=True)
        subprocess.run(["tar", "-x"], cwd=name, input=archive.stdout, check=True)
        checkouts = [Path(name), ROOT]
        runs: dict[Path, list[dict[str, float]]] = {checkout: [] for checkout in checkouts}
        for _ in range(options.runs):
            for checkout in checkouts:
                runs[checkout].append(bench(checkout))
            checkouts.reverse()  # neither is always the first
    before, now = (list(figures) for figures in runs.values())
    for figure in FIGURES:
        medians = [statistics.median(run[figure] for run in side) for side in (before, now)]
        print(f"{figure:<15} {medians[0]:8.2f} {medians[1]:8.2f}   {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
