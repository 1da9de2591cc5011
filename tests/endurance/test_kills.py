"""A running daemon, killed again and again, as a bad power supply would: what it keeps.

    pytest -m endurance -n 0 -s tests/endurance/test_kills.py     # 50 kills and 10 more in the start, about 8 minutes

A supervisor starts `dms run` on a looped part of the sample drive and starts it again one second after it ends, as
systemd/dms.service does. The kills are SIGKILL at random moments. A real Mosquitto takes the alerts, and a subscriber
that never loses its session keeps them. Afterwards:

- after each kill the vehicle publishes its state again within 5 s,
- the outbox is a sound database after each kill,
- the baseline that was learned before the first kill is in force after each,
- no alert is lost: all that the log tells of have arrived, with no gap in their sequence.

Prints the figures of docs/daemon.md.
"""

import json
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import cv2
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from dms.demo import SAMPLE_DRIVE
from tests.conftest import Mosquitto, until

RESTART_S = 1.0
"""RestartSec= of systemd/dms.service."""
PART_S, FPS, REPEATS = (3.0, 9.0), 20, 20
"""Of the sample drive: a blink, a closure of 1.6 s, a blink; two minutes of it."""
PATIENCE_S = 60.0
VEHICLE = "killed"
SEED = 7
"""Of the random moments."""


def write_drive(path: Path) -> None:
    """Write the part of the sample drive, over and over."""
    reader = cv2.VideoCapture(str(SAMPLE_DRIVE))
    images = [reader.read()[1] for _ in range(int(PART_S[1] * FPS))][int(PART_S[0] * FPS) :]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (480, 360))
    for image in images * REPEATS:
        writer.write(image)
    writer.release()


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

    @property
    def kept(self) -> Path:
        """What it keeps of this recorded drive, which has a folder of its own."""
        return next((self.state_dir / "recordings").glob("*"), self.state_dir)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dms", "run", "--config", str(self._config)], stderr=log
            )

    def end(self, how: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(PATIENCE_S)

    def close(self) -> None:
        """End it whatever has happened."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def check_outbox(self) -> str:
        """The verdict on a copy, so that the daemon meets the files just as the kill has left them."""
        with tempfile.TemporaryDirectory() as name:
            for file in self.kept.glob("outbox.sqlite*"):
                shutil.copy(file, name)
            copy = Path(name) / "outbox.sqlite"
            if not copy.exists():
                return "ok"
            with closing(sqlite3.connect(copy)) as database:
                return str(database.execute("PRAGMA integrity_check").fetchone()[0])

    def last_sequence(self) -> int:
        with closing(sqlite3.connect(self.kept / "outbox.sqlite")) as database:
            rows = database.execute("SELECT last FROM sequence WHERE topic LIKE '%fatigue'").fetchall()
        return int(rows[0][0]) if rows else 0

    def alerts_told(self) -> int:
        return sum(" alert " in line for line in self.log.read_text(encoding="utf-8").splitlines())


def kill_again_and_again(
    dms: Supervised, subscriber: Subscriber, kills: int, early: int, longest_s: float
) -> dict[str, Any]:
    """Kill the daemon so often, ``early`` times once more during its start; returns the figures."""
    chance = random.Random(SEED)
    dms.start()
    until(lambda: list(dms.kept.glob("baselines/usual.json")), PATIENCE_S)
    baseline = json.loads((dms.kept / "baselines" / "usual.json").read_text())["baseline"]
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
        until(lambda: len(subscriber.sessions) > known, PATIENCE_S)  # noqa: B023
        told, state = list(subscriber.sessions.values())[-1]
        back_s.append(told - killed)
        calibrated.append(state["calibrated"])
    time.sleep(longest_s)
    until(lambda: subscriber.waiting == 0, PATIENCE_S)
    code = dms.end(signal.SIGTERM)
    wanted, patience = set(range(1, dms.last_sequence() + 1)), time.monotonic() + PATIENCE_S
    # the last ones are still on their way from the broker
    while (gaps := wanted - {alert["sequence"] for alert in subscriber.alerts}) and time.monotonic() < patience:
        time.sleep(0.05)
    numbers = [alert["sequence"] for alert in subscriber.alerts]
    report: dict[str, Any] = {
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
    return report


@pytest.mark.parametrize(
    ("kills", "early", "longest_s", "limit_s"),
    [
        pytest.param(50, 10, 8.0, 5.0, id="50", marks=pytest.mark.endurance),
        # the time limit is what a busy machine keeps
        pytest.param(2, 1, 2.0, 30.0, id="2", marks=pytest.mark.slow),
    ],
)
def test_kill_9_again_and_again_loses_nothing(
    tmp_path: Path, mosquitto: Mosquitto, kills: int, early: int, longest_s: float, limit_s: float
) -> None:
    subscriber, dms = Subscriber(mosquitto.port), Supervised(tmp_path, mosquitto.port)
    try:
        report = kill_again_and_again(dms, subscriber, kills, early, longest_s)
    finally:
        dms.close()
        subscriber.close()
    print(json.dumps(report, indent=2))
    assert report["kills"] == kills + early
    assert report["back_longest_s"] <= limit_s
    assert report["outbox_sound"] == report["kills"]
    assert report["least_calibrated"] >= report["baseline_parts_learned"] / 2 > 0
    assert report["gaps"] == []
    assert 0 < report["alerts_told_in_log"] <= report["alerts_arrived"]
    assert report["last_exit_code"] == 0
