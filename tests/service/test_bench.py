"""The daemon's figures: each message that came while the broker was reached is measured."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dms.config import Config
from dms.demo import SAMPLE_DRIVE
from dms.errors import WorldError
from dms.service import bench


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


def test_without_a_broker_it_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("dms.alerts.mosquitto.find_mosquitto", lambda: None)
    with pytest.raises(WorldError, match="apt install mosquitto"):
        bench.bench_daemon(Config(), tmp_path / "drive.mp4")
