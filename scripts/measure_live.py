"""Measures `dms run` on a camera of this machine: two checkouts in turn, ratios of the first over the second.

    python scripts/measure_live.py . ../old --seconds 20 --runs 5

The camera is Motion JPEG over HTTP, 640x480 at 15 pictures a second, made of the sample drive; the broker is Mosquitto
on loopback. Both checkouts run under this Python with its packages. Processor time is the daemon's own, of all threads:
from the start until the first frame with a face is judged, and as a share of a core from 3 s after that on. Both are
compiled first, as an installed package is.
"""

import argparse
import compileall
import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.mjpeg import MjpegCamera, jpeg, jpegs  # noqa: E402

_LEAD_S = 3.0
_WATCHED = f"""
import atexit, builtins, json, re, sys, time
import dms.threads; dms.threads.one_thread_each()
marks, made = [], builtins.__build_class__
def watching(step):
    def watched(monitor, observation):
        judged = step(monitor, observation)
        now, cpu = time.monotonic(), time.process_time()
        if observation.face and not marks:
            marks.append((now, cpu))
        elif marks and len(marks) < 2 and now - marks[0][0] >= {_LEAD_S}:
            marks.append((now, cpu))
        elif len(marks) >= 2:
            marks[2:] = [(now, cpu)]
        return judged
    return watched
# the program loads its modules itself, in its own order
def make(body, name, *bases, **options):
    kind = made(body, name, *bases, **options)
    if name == "DriverMonitor":
        kind.step, builtins.__build_class__ = watching(kind.step), made
    return kind
builtins.__build_class__ = make
def tell():
    first, begin, end = marks
    # ru_maxrss would begin with what the parent had
    peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024 / 1e6
    report = {{"start_cpu_s": first[1], "share": (end[1] - begin[1]) / (end[0] - begin[0]),
               "peak_mb": peak}}
    open(sys.argv.pop(), "w").write(json.dumps(report))
atexit.register(tell)
out = sys.argv.pop()
from dms.cli import main
try:
    main()
finally:
    sys.argv.append(out)
"""
_OLD = "import dms.threads; dms.threads.one_thread_each()\n"
"""What checkouts from before there was such a module lack."""


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def measure(checkout: Path, source: str, port: int, seconds: float, folder: Path) -> dict[str, float]:
    """One run of the daemon of a checkout."""
    config, out = folder / "dms.toml", folder / "report.json"
    config.write_text(f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\n\n[service]\nstate_dir = "{folder / "state"}"\n')
    program = _WATCHED if (checkout / "dms/threads.py").exists() else _WATCHED.replace(_OLD, "")
    command = [sys.executable, "-c", program, "run", "--config", str(config), "--source", source, str(out)]
    daemon = subprocess.Popen(
        command, cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(20)
    report: dict[str, float] = json.loads(out.read_text())
    return report


def pictures() -> list[bytes]:
    """The sample drive in 640x480."""
    drive = [
        cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)
        for file in jpegs(ROOT / "dms/demo/sample_drive.mp4")
    ]
    return [jpeg(np.asarray(cv2.resize(one, (640, 480)), np.uint8)) for one in drive]


def main() -> None:
    """Measure in turn and print each row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs=2, type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run")
    parser.add_argument("--runs", type=int, default=5, help="of each checkout")
    arguments: Any = parser.parse_args()
    for checkout in arguments.checkouts:
        # whatever PYTHONDONTWRITEBYTECODE says: else each start would compile every module of a checkout anew
        compileall.compile_dir(checkout / "dms", quiet=1)
    port = free_port()
    camera = MjpegCamera(pictures(), fps=15.0)
    camera.switch_on()
    broker = subprocess.Popen(["mosquitto", "-p", str(port)], stderr=subprocess.DEVNULL)
    rows: list[list[dict[str, float]]] = []
    try:
        for _ in range(arguments.runs):
            pair = []
            for checkout in arguments.checkouts:
                with tempfile.TemporaryDirectory() as folder, contextlib.suppress(FileNotFoundError):
                    pair.append(measure(checkout.resolve(), camera.address, port, arguments.seconds, Path(folder)))
            if len(pair) == 2:
                rows.append(pair)
                print(json.dumps(pair), flush=True)
    finally:
        broker.terminate()
        camera.switch_off()
    for name in rows[0][0]:
        first, second = ([pair[which][name] for pair in rows] for which in (0, 1))
        ratios = sorted(a / b for a, b in zip(first, second, strict=True))
        medians = f"{statistics.median(first):.3g} and {statistics.median(second):.3g}"
        print(f"{name}: {medians}, ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
