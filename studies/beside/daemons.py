"""What ``dms run`` costs on a camera: until it has judged its first frame, and from then on."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from beside.systems import System

PATIENCE_S = 120.0
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Share:
    """What a daemon took meanwhile.

    Attributes:
        cpu: Processor time over time, 0..1 and more with several threads.
        peak_mb: The most memory that it has held since its start, MB (10^6 bytes).
        fps: Frames a second that it judged, by its reports: those captured without those dropped.
    """

    cpu: float
    peak_mb: float
    fps: float

    @property
    def frame_ms(self) -> float:
        """Processor time for each frame that was judged, milliseconds: on a busy machine frames are dropped."""
        return self.cpu / self.fps * 1000

    def words(self) -> str:
        """For people."""
        judged = f"{self.fps:.1f} frames/s judged, {self.frame_ms:.1f} ms each"
        return f"{self.cpu:.1%} of a core, {judged}, {self.peak_mb:.0f} MB"


class Daemon:
    """A running ``dms run`` that watches a camera and publishes to a broker."""

    def __init__(self, process: "subprocess.Popen[bytes]", seen: threading.Event) -> None:
        self.process = process
        self._seen = seen
        self.health: list[dict[str, Any]] = []

    def cpu_s(self) -> float:
        """User and system time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _TICK_S

    def first_frame(self) -> float:
        """Processor seconds when it told of the first frame that it has judged."""
        if not self._seen.wait(PATIENCE_S):
            sys.exit(f"{self.process.args!r} reports no frame")
        return self.cpu_s()

    def judged_fps(self) -> float:
        """Frames a second from the second report to the last; the first one is of the start."""
        reports = self.health[1:]
        if len(reports) < 2:
            sys.exit(f"{self.process.args!r} has reported too seldom")
        took_s = float(reports[-1]["uptime_s"] - reports[0]["uptime_s"])
        dropped = int(reports[-1]["camera"]["dropped"] - reports[0]["camera"]["dropped"])
        return fmean(float(report["camera"]["frames_per_s"]) for report in reports[1:]) - dropped / took_s

    def peak_mb(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        kib = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
        return int(kib) * 1024 / 1e6


@contextmanager
def running(system: System, camera: str, broker: int, folder: Path) -> Iterator[Daemon]:
    """Run a build's daemon on a camera."""
    vehicle = folder.name.replace(".", "-")
    folder.mkdir(parents=True)
    config = folder / "dms.toml"
    config.write_text(
        f'[vehicle]\nid = "{vehicle}"\n[camera]\nsource = "{camera}"\n[mqtt]\nhost = "127.0.0.1"\nport = {broker}\n'
        f'[service]\nstate_dir = "{folder}/state"\nhealth_interval_s = 10\n'
    )
    seen, listening = threading.Event(), threading.Event()
    subscriber = paho.Client(CallbackAPIVersion.VERSION2)
    subscriber.on_connect = lambda client, *_: client.subscribe(f"dms/{vehicle}/#")
    subscriber.on_subscribe = lambda *_: listening.set()
    subscriber.connect("127.0.0.1", broker)
    subscriber.loop_start()
    listening.wait(PATIENCE_S)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(system.environment.command), "run", "--config", str(config)], stderr=log, stdout=log
        )
        daemon = Daemon(process, seen)

        def on_message(_client: object, _data: object, message: paho.MQTTMessage) -> None:
            kind = message.topic.rpartition("/")[2]
            if kind == "health":
                daemon.health.append(json.loads(message.payload))
            # until the first frame the state says that the camera gives none
            elif kind == "state" and json.loads(message.payload)["face"] is not None:
                seen.set()

        subscriber.on_message = on_message
        try:
            yield daemon
        finally:
            process.terminate()
            process.wait()
            subscriber.disconnect()
            subscriber.loop_stop()


def shares(systems: Sequence[System], camera: str, broker: int, scratch: Path, seconds: float) -> list[Share]:
    """Run several daemons on one camera at the same time, so that the machine is as busy for each."""
    with ExitStack() as stack:
        daemons = [stack.enter_context(running(one, camera, broker, scratch / f"{one.key}-share")) for one in systems]
        for daemon in daemons:
            daemon.first_frame()
        began, before = time.monotonic(), [daemon.cpu_s() for daemon in daemons]
        time.sleep(seconds)
        took_s, after = time.monotonic() - began, [daemon.cpu_s() for daemon in daemons]
        return [
            Share((end - start) / took_s, daemon.peak_mb(), daemon.judged_fps())
            for daemon, start, end in zip(daemons, before, after, strict=True)
        ]
