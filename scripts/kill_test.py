#!/usr/bin/env python3
"""Kill a running daemon again and again, as a bad power supply would, and see what it keeps.

python scripts/kill_test.py                    # 50 kills and 10 more during the start, about 8 minutes

A supervisor starts `dms run` on a looped part of the sample drive and starts it again one second after it ends, as
systemd/dms.service does. The kills are SIGKILL at random moments. A real Mosquitto takes the alerts, and a subscriber
that never loses its session keeps them. Afterwards:

- after each kill the vehicle publishes its state again within 5 s,
- the outbox is a sound database after each kill,
- the baseline that was learned before the first kill is in force after each,
- no alert is lost: all that the log tells of have arrived, with no gap in their sequence.

Ends with code 1 when one of these does not hold. Needs mosquitto (apt-get install mosquitto).
"""

import argparse
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import cv2
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from dms.demo import SAMPLE_DRIVE

RESTART_S = 1.0
"""RestartSec= of systemd/dms.service."""
PART_S, FPS, REPEATS = (3.0, 9.0), 20, 20
"""Of the sample drive: a blink, a closure of 1.6 s, a blink; two minutes of it."""
PATIENCE_S = 60.0
VEHICLE = "killed"


def write_drive(path: Path) -> None:
    """Write the part of the sample drive, over and over."""
    reader = cv2.VideoCapture(str(SAMPLE_DRIVE))
    images = [reader.read()[1] for _ in range(int(PART_S[1] * FPS))][int(PART_S[0] * FPS) :]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (480, 360))
    for image in images * REPEATS:
        writer.write(image)
    writer.release()


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Wait for something to become true; gives its value."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        if time.monotonic() > deadline:
            sys.exit(f"not within {PATIENCE_S:.0f} s: {what}")
        time.sleep(0.005)
    return value


class Broker:
    """A Mosquitto on a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            sys.exit("mosquitto is not installed: apt-get install mosquitto")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n")
        self._process = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
        wait_for(self._answers, "mosquitto answers")

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1.0):
            return True
        return False

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


class Subscriber:
    """Keeps every alert; notes when each session of the vehicle first told a state, and how much it had learned."""

    def __init__(self, port: int) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.sessions: dict[str, tuple[float, dict[str, Any]]] = {}
        self.waiting = 0
        """Alerts in the vehicle's outbox, by its last health report."""
        self._session = ""
        ready = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, "kill-test", protocol=mqtt.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(f"dms/{VEHICLE}/#", qos=1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = lambda _client, _data, message: self._hear(message)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        ready.wait(PATIENCE_S)

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        topic = message.topic.partition("/")[2].partition("/")[2]
        if topic == "availability":
            return
        payload = json.loads(message.payload)
        if topic.startswith("alert/"):
            self.alerts.append(payload)
        elif topic == "info":
            self._session = payload["session"]
        elif topic == "health":
            self.waiting = payload["broker"]["outbox"]
        elif topic == "state" and self._session:
            self.sessions.setdefault(self._session, (time.monotonic(), payload))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Supervised:
    """`dms run`, started again by the test."""

    def __init__(self, folder: Path, port: int) -> None:
        self.state_dir = folder / "state"
        self.log = folder / "log"
        self._config = folder / "dms.toml"
        drive = folder / "drive.avi"
        write_drive(drive)
        self._config.write_text(
            f'[vehicle]\nid = "{VEHICLE}"\n[camera]\nsource = "{drive}"\n'
            f'[service]\nstate_dir = "{self.state_dir}"\nhealth_interval_s = 1\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\ntrust_clock = true\n'
            "[driver.baseline]\nlearn_s = 10\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dms", "run", "--config", str(self._config)], stderr=log
            )

    def end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(PATIENCE_S)

    def check_outbox(self) -> str:
        """The verdict on a copy, so that the daemon meets the files just as the kill has left them."""
        with tempfile.TemporaryDirectory() as name:
            for file in self.state_dir.glob("outbox.sqlite*"):
                shutil.copy(file, name)
            copy = Path(name) / "outbox.sqlite"
            if not copy.exists():
                return "ok"
            with closing(sqlite3.connect(copy)) as database:
                return str(database.execute("PRAGMA integrity_check").fetchone()[0])

    def last_sequence(self) -> int:
        with closing(sqlite3.connect(self.state_dir / "outbox.sqlite")) as database:
            rows = database.execute("SELECT last FROM sequence WHERE topic LIKE '%fatigue'").fetchall()
        return int(rows[0][0]) if rows else 0

    def alerts_told(self) -> int:
        return sum(" alert " in line for line in self.log.read_text(encoding="utf-8").splitlines())


def run(folder: Path, kills: int, early: int, longest_s: float, limit_s: float, seed: int) -> dict[str, Any]:
    """Kill it so often; gives the figures."""
    chance = random.Random(seed)
    broker = Broker(folder)
    subscriber = Subscriber(broker.port)
    dms = Supervised(folder, broker.port)
    dms.start()
    learned = dms.state_dir / "baselines" / "usual.json"
    wait_for(learned.exists, "a baseline is learned")
    baseline = json.loads(learned.read_text())["baseline"]
    parts = sum(baseline[part] >= 1.0 for part in ("open_learned", "anger_learned"))
    verdicts, back_s, calibrated = [], [], []

    def kill() -> float:
        killed = time.monotonic()
        dms.end(signal.SIGKILL)
        verdicts.append(dms.check_outbox())
        time.sleep(max(0.0, killed + RESTART_S - time.monotonic()))
        dms.start()
        return killed

    in_the_start = set(chance.sample(range(kills), early))
    for number in range(kills):
        known = len(subscriber.sessions)
        time.sleep(chance.uniform(0.0, longest_s))
        killed = kill()
        if number in in_the_start:
            # again, before it can have said anything
            time.sleep(chance.uniform(0.0, 0.4))
            killed = kill()
        wait_for(lambda: len(subscriber.sessions) > known, "it is back")  # noqa: B023
        told, state = list(subscriber.sessions.values())[-1]
        back_s.append(told - killed)
        calibrated.append(state["calibrated"])
        print(f"\r{number + 1}/{kills} back after {back_s[-1]:.2f} s", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    time.sleep(longest_s)
    wait_for(lambda: subscriber.waiting == 0, "everything is delivered")
    code = dms.end(signal.SIGTERM)
    wanted, patience = set(range(1, dms.last_sequence() + 1)), time.monotonic() + PATIENCE_S
    # the last ones are still on their way from the broker
    while (gaps := wanted - {alert["sequence"] for alert in subscriber.alerts}) and time.monotonic() < patience:
        time.sleep(0.05)
    numbers = [alert["sequence"] for alert in subscriber.alerts]
    report = {
        "kills": len(verdicts),
        "in_the_start": early,
        "back_median_s": round(statistics.median(back_s), 2),
        "back_longest_s": round(max(back_s), 2),
        "outbox_sound": sum(verdict == "ok" for verdict in verdicts),
        "baseline_parts_learned": parts,
        "least_calibrated": min(calibrated),
        "alerts_told_in_log": dms.alerts_told(),
        "alerts_arrived": len(set(numbers)),
        "alerts_repeated": len(numbers) - len(set(numbers)),
        "gaps": sorted(gaps),
        "last_exit_code": code,
    }
    report["passed"] = bool(
        report["back_longest_s"] <= limit_s
        and report["outbox_sound"] == len(verdicts)
        and report["least_calibrated"] >= parts / 2 > 0
        and not report["gaps"]
        and report["alerts_told_in_log"] <= report["alerts_arrived"]
        and code == 0
    )
    subscriber.close()
    broker.close()
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50, help="kills at random moments (50)")
    parser.add_argument("--early", type=int, default=10, help="of them followed by one more during the start (10)")
    parser.add_argument("--longest", type=float, default=8.0, metavar="S", help="longest time between two kills (8)")
    parser.add_argument("--limit", type=float, default=5.0, metavar="S", help="longest time until it is back (5)")
    parser.add_argument("--seed", type=int, default=7, help="of the random moments (7)")
    options = parser.parse_args()
    if not 0 <= options.early <= options.kills:
        parser.error("--early must not be more than --kills")
    with tempfile.TemporaryDirectory(prefix="dms-kill-") as folder:
        report = run(Path(folder), options.kills, options.early, options.longest, options.limit, options.seed)
    print(json.dumps(report, indent=2))
    sys.exit(0 if report["passed"] else 1)


if __name__ == "__main__":
    main()
