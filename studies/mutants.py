"""Which small faults in the driver room its tests do not notice: python studies/mutants.py OUT [--share S] [--seed N]

Needs ``pip install mutmut``. Copies the checkout to OUT, which is somewhere else, lets mutmut make its mutants of
dms/driver and tries a random sample of them on the tests of the room and on its scenarios, as one camera of 5 frames a
second sees them. Prints how many were noticed and what the others change. ``--all-cameras`` asks all quick tests.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOM = Path("dms/driver")
ONE_CAMERA = "not 10fps and not 15fps and not 30fps and not hour and not memory and not drift and not parked_car"
# pages are made of the code's own text, and properties draw other drives each time
SOUND = "not test_page and not test_properties and not is_told_at_its_limit"
CONFIG = """
[tool.mutmut]
source_paths = ["{room}"]
also_copy = ["dms", "models", "docs", "scripts", "tests"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-m", "not slow", "-k", "{tests}"]
pytest_add_cli_args_test_selection = ["tests/driver", "tests/scenarios"]
use_git_change_detection = false
track_dependencies = false
"""
KILLED, SURVIVED = (1, 3), 0
"""Exit codes of pytest: failed or broke off, passed."""


def copied(out: Path, tests: str) -> Path:
    """The files that git knows, with mutmut set up for them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        if (ROOT / name).is_file():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, out / name)
    with (out / "pyproject.toml").open("a") as config:
        config.write(CONFIG.format(room=ROOM.as_posix(), tests=tests))
    return out


def mutmut(out: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "mutmut", *arguments]
    done = subprocess.run(
        command, cwd=out, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    return done.stdout


def results(out: Path) -> dict[str, int | None]:
    """Exit code of the tests by mutant; None for one that was not tried."""
    found: dict[str, int | None] = {}
    for path in sorted((out / "mutants" / ROOM).glob("*.meta")):
        found |= json.loads(path.read_text())["exit_code_by_key"]
    return found


def module_of(name: str) -> str:
    """``eyes`` of ``dms.driver.eyes.read__mutmut_1``."""
    return name.split(".")[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="an empty folder outside the checkout")
    parser.add_argument("--modules", help="of dms/driver, with commas between; all of them without")
    parser.add_argument("--share", type=float, default=0.1, help="of all mutants, 0 to 1")
    parser.add_argument("--seed", type=int, default=12)
    parser.add_argument("--all-cameras", action="store_true")
    options = parser.parse_args()
    out = copied(options.out, SOUND if options.all_cameras else f"{ONE_CAMERA} and {SOUND}")
    # makes them all and tries none
    mutmut(out, "run", "--max-children", "1", "none.such")
    everything = list(results(out))
    modules = options.modules.split(",") if options.modules else sorted({module_of(name) for name in everything})
    made = [name for module in modules for name in everything if module_of(name) == module]
    random.Random(options.seed).shuffle(made)
    sample = made[: round(options.share * len(made))]
    mutmut(out, "run", "--max-children", "1", *sample)
    found = {name: code for name, code in results(out).items() if name in sample}
    counts = Counter("killed" if code in KILLED else "left" if code == SURVIVED else "other" for code in found.values())
    print(f"{len(made)} mutants, {len(found)} tried: {counts['killed']} killed, {counts['left']} left, ", end="")
    print(f"{counts['other']} ended otherwise (out of time, or no test runs the line)")
    for name, code in found.items():
        if code not in KILLED:
            print(f"\n{name}: {code}\n{mutmut(out, 'show', name)}")


if __name__ == "__main__":
    main()
