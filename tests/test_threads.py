"""Libraries get one thread each in the program, and a host program keeps what it has."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
_LOOK = "import cv2, json, os; from pathlib import Path; "
_TOLD = "print(json.dumps([cv2.getNumThreads(), len(list(Path('/proc/self/task').iterdir()))]))"


def _run(code: str, **environment: str) -> list[int]:
    """OpenCV's threads, and how many threads the process has once numpy has multiplied."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT), **environment},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    told: list[int] = json.loads(done.stdout.splitlines()[-1])
    return told


def test_a_command_runs_with_one_thread_of_each_library() -> None:
    code = (
        f"import sys; sys.argv = ['dms', 'schema', 'config']; import dms.cli\n"
        f"try:\n    dms.cli.main()\nexcept SystemExit:\n    pass\n"
        f"import numpy as np; np.ones((300, 300)) @ np.ones((300, 300))\n{_LOOK}{_TOLD}"
    )
    assert _run(code) == [1, 1]


def test_a_number_that_the_user_set_stays() -> None:
    code = f"from dms.threads import one_thread_each; one_thread_each(); {_LOOK}{_TOLD}"
    assert _run(code, OPENCV_FOR_THREADS_NUM="2")[0] == 2


def test_a_host_program_that_imports_perception_keeps_its_threads() -> None:
    code = f"import os; before = dict(os.environ); import dms.cli, dms.perception.perception; {_LOOK}" + (
        "print(json.dumps([name for name in os.environ if 'THREADS' in name and name not in before]))"
    )
    assert _run(code) == []
