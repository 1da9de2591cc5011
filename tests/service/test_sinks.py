"""A sink of somebody else hears the daemon's drive, and cannot harm it."""

import threading
from pathlib import Path

from dms.alerts.health import HealthMessage
from dms.config import CameraSettings, Config, MqttSettings, ServiceSettings
from dms.service.daemon import Daemon
from dms.sink import DriveInfo, Sink, Step
from tests.conftest import until

NOBODY = 1
"""A port on which no broker listens: a sink needs none."""


class Notes(Sink):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.infos: list[DriveInfo] = []
        self.steps: list[Step] = []
        self.reports: list[HealthMessage] = []
        self.stops = 0

    def start(self, info: DriveInfo) -> None:
        self.infos.append(info)

    def step(self, step: Step) -> None:
        self.steps.append(step)

    def health(self, report: HealthMessage) -> None:
        self.reports.append(report)

    def stop(self, timeout_s: float) -> None:
        self.stops += 1


class Broken(Notes):
    """Fails at each step."""

    def step(self, step: Step) -> None:
        raise RuntimeError("no network")


def test_a_sink_hears_the_whole_drive_beside_one_that_fails(clip: Path, tmp_path: Path) -> None:
    notes = Notes()
    config = Config(
        camera=CameraSettings(source=str(clip)),
        mqtt=MqttSettings(host="127.0.0.1", port=NOBODY),
        service=ServiceSettings(state_dir=tmp_path),
    )
    daemon = Daemon(config, sinks=[Broken(), notes])
    running = threading.Thread(target=daemon.run)
    running.start()
    try:
        until(lambda: any(step.frame is not None and step.state is not None for step in notes.steps))
    finally:
        daemon.stop()
        running.join(120.0)
    assert [(info.drive, info.vehicle_id) for info in notes.infos] == [(clip.name, "vehicle-1")]
    first = notes.steps[0]
    assert first.observation is not None
    assert first.frame is None, "until a picture comes there is none, which is a step as well"
    assert notes.reports, "the last report is made at the stop"
    assert notes.stops == 1
