"""The daemon's figures: each message that came while the broker was reached is measured."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.config import ActionSettings, Config, ServiceSettings
from dms.config.actions import HookSettings
from dms.demo import SAMPLE_DRIVE
from dms.errors import UserError, WorldError
from dms.service import bench
from dms.service.daemon import Daemon


def short_drive(path: Path, seconds: float, fps: float = 10.0) -> Path:
    """The start of the sample drive, small."""
    reader = cv2.VideoCapture(str(SAMPLE_DRIVE))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, (240, 180))
    for _ in range(int(seconds * fps)):
        writer.write(cv2.resize(np.asarray(reader.read()[1]), (240, 180)))
    writer.release()
    return path


def test_a_drive_is_heard_message_by_message(mosquitto: Any, tmp_path: Path) -> None:
    result = bench.bench_daemon(Config(), short_drive(tmp_path / "drive.mp4", 1.5))
    assert 0 < result.latency_ms <= result.latency_p99_ms
    assert 0 < result.messages <= 1.5 / bench._STATE_INTERVAL_S + 2
    assert result.cpu_share > 0
    assert "picture to subscriber" in result.text()


def test_the_vehicles_own_actions_are_left_alone(mosquitto: Any, tmp_path: Path) -> None:
    nobody = ActionSettings(hook=HookSettings(command=tmp_path / "call_for_help"))
    with pytest.raises(UserError, match="call_for_help"):
        Daemon(Config(actions=nobody, service=ServiceSettings(state_dir=tmp_path / "state")))
    result = bench.bench_daemon(Config(actions=nobody), short_drive(tmp_path / "drive.mp4", 1.0))
    assert result.messages > 0


def test_without_a_broker_it_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("dms.alerts.mosquitto.find_mosquitto", lambda: None)
    with pytest.raises(WorldError, match="apt install mosquitto"):
        bench.bench_daemon(Config(), tmp_path / "drive.mp4")
