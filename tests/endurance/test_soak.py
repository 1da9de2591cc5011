"""The daemon for long at the highest rate: nothing grows.

    DMS_SOAK_MINUTES=30 DMS_SOAK_CSV=soak.csv pytest -m endurance -n 0 -s tests/endurance/test_soak.py

The sample drive plays again and again at 60 frames a second, every network runs as often as its key allows, states and
health leave as often as they may, and vehicle speed arrives 10 times a second; all through a real Mosquitto. Resident
memory, threads and file descriptors of the daemon are read every 5 s. After a warm-up, memory may grow by less
than 1 MB/h, threads and descriptors not at all. Prints the figures of docs/reliability.md. Needs mosquitto and ffmpeg.
"""

import csv
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from dms.demo import SAMPLE_DRIVE
from tests.conftest import Mosquitto

SAMPLE_S = 5.0
LIMIT_MB_PER_H = 1.0
FPS = 60
MINUTES = float(os.environ.get("DMS_SOAK_MINUTES", "30"))
WARM_UP = MINUTES / 6
"""Minutes that are not judged."""
CONFIG = """
[vehicle]
id = "soak"
[camera]
source = "{drive}"
[perception]
emotion_hz = 30
mouth_hz = 30
[mqtt]
host = "127.0.0.1"
port = {port}
[service]
state_dir = "{folder}/state"
state_interval_s = 0.2
health_interval_s = 1.0
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """The daemon at one moment.

    Attributes:
        at_s: Seconds since its start.
        rss_mb: Resident memory in MB (10^6 bytes).
        threads: Threads.
        descriptors: Open files, pipes and sockets.
        frames_per_s: As its latest health message tells.
    """

    at_s: float
    rss_mb: float
    threads: int
    descriptors: int
    frames_per_s: float


def looped_drive(folder: Path, minutes: float, fps: int) -> Path:
    """The sample drive at a higher rate, again and again."""
    once, drive = folder / "once.mp4", folder / "drive.mp4"
    quiet = ["ffmpeg", "-nostdin", "-loglevel", "error"]
    subprocess.run(
        [*quiet, "-i", str(SAMPLE_DRIVE), "-r", str(fps), "-c:v", "libx264", "-preset", "veryfast", str(once)],
        check=True,
    )
    again = ["-stream_loop", "-1", "-i", str(once), "-t", str(minutes * 60)]
    subprocess.run([*quiet, *again, "-c", "copy", str(drive)], check=True)
    return drive


def sample(pid: int, at_s: float, frames_per_s: float) -> Sample:
    """Read the daemon's numbers from /proc."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return Sample(
        round(at_s, 1),
        int(status["VmRSS"].split()[0]) * 1024 / 1e6,
        int(status["Threads"]),
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        frames_per_s,
    )


def slope_per_h(samples: list[Sample]) -> tuple[float, float]:
    """Least-squares slope of resident memory and its standard error, MB per hour."""
    hours = np.array([one.at_s for one in samples]) / 3600
    memory = np.array([one.rss_mb for one in samples])
    (slope, _), covariance = np.polyfit(hours, memory, 1, cov=True)
    return float(slope), float(np.sqrt(covariance[0, 0]))


def growth(values: list[int]) -> int:
    """Median of the last quarter less median of the first: what comes and goes does not count."""
    quarter = max(1, len(values) // 4)
    return round(statistics.median(values[-quarter:]) - statistics.median(values[:quarter]))


def soak(folder: Path, port: int) -> tuple[list[Sample], dict[str, int]]:
    """Run the daemon; returns the samples, and how many messages arrived by topic."""
    samples: list[Sample] = []
    arrived: dict[str, int] = {}
    frames_per_s = 0.0

    def hear(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal frames_per_s
        topic = message.topic.removeprefix("dms/soak/")
        arrived[topic] = arrived.get(topic, 0) + 1
        if topic == "health":
            frames_per_s = json.loads(message.payload)["camera"]["frames_per_s"]

    drive = looped_drive(folder, MINUTES, FPS)
    (folder / "dms.toml").write_text(CONFIG.format(drive=drive, port=port, folder=folder))
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = hear
    client.on_connect = lambda connected, *_: connected.subscribe("dms/soak/#", qos=1)
    client.connect("127.0.0.1", port)
    client.loop_start()
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "dms", "run", "--config", str(folder / "dms.toml")], stdout=log, stderr=log
        )
    start = read = time.monotonic()
    try:
        while daemon.poll() is None and time.monotonic() - start < MINUTES * 60 - 2 * SAMPLE_S:
            client.publish("dms/soak/vehicle/speed", json.dumps({"kmh": 80.0}))
            time.sleep(0.1)
            if time.monotonic() - read >= SAMPLE_S:
                read = time.monotonic()
                samples.append(sample(daemon.pid, read - start, frames_per_s))
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(60.0) == 0, (folder / "log").read_text()
    finally:
        daemon.kill()
        daemon.wait()
        client.loop_stop()
    return samples, arrived


@pytest.mark.endurance
@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")
def test_nothing_grows(tmp_path: Path, mosquitto: Mosquitto) -> None:
    samples, arrived = soak(tmp_path, mosquitto.port)
    if "DMS_SOAK_CSV" in os.environ:
        with Path(os.environ["DMS_SOAK_CSV"]).open("w", newline="") as file:
            csv.writer(file).writerows([[one.name for one in fields(Sample)], *map(astuple, samples)])
    judged = [one for one in samples if one.at_s >= WARM_UP * 60]
    assert len(judged) >= 10, "too short to judge anything after the warm-up"
    slope, error = slope_per_h(judged)
    threads, descriptors = growth([one.threads for one in judged]), growth([one.descriptors for one in judged])
    memory, rates = [one.rss_mb for one in judged], [one.frames_per_s for one in judged]
    print(
        f"\n{judged[-1].at_s / 60:.1f} min, {WARM_UP:g} min of them warm-up, "
        f"{statistics.mean(rates):.1f} frames/s (lowest {min(rates):.1f})\n"
        f"memory       {memory[0]:.1f} -> {memory[-1]:.1f} MB, highest {max(memory):.1f}; "
        f"slope {slope:+.2f} MB/h (standard error {error:.2f})\n"
        f"threads      {judged[0].threads} -> {judged[-1].threads}, growth {threads:+d}\n"
        f"descriptors  {judged[0].descriptors} -> {judged[-1].descriptors}, growth {descriptors:+d}\n"
        f"arrived      {', '.join(f'{count} {topic}' for topic, count in sorted(arrived.items()))}"
    )
    assert slope < LIMIT_MB_PER_H
    assert threads <= 0
    assert descriptors <= 0
    assert arrived["state"] > 0
