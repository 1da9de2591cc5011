"""systemd's watchdog hears of progress, and of nothing else."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.config import CameraSettings, Config, MqttSettings, ServiceSettings
from dms.frames import Frame
from dms.observation import Observation
from dms.perception.perception import Perception
from dms.service.daemon import Daemon

from .process import Dms, Systemd, wait_for

pytestmark = pytest.mark.slow

LIMIT_S = 0.4


def pings(systemd: Systemd) -> int:
    return systemd.listen().count("WATCHDOG=1")


def test_it_is_fed_without_a_camera_and_without_a_broker(start: Callable[..., Dms], systemd: Systemd) -> None:
    watched = {"NOTIFY_SOCKET": str(systemd.address), "WATCHDOG_USEC": str(int(LIMIT_S * 1e6))}
    dms = start(1, "/dev/video99", environment=watched)
    wait_for(lambda: pings(systemd) >= 8)
    assert systemd.heard[0] == "READY=1\nSTATUS=watching /dev/video99", "ready comes before the camera"
    assert dms.end()[0] == 0


def test_a_stuck_inference_starves_it(
    mosquitto: Any, drive: Path, tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    observe, free = Perception.observe, threading.Event()
    stuck, hangs = threading.Event(), threading.Event()

    def hang(perception: Perception, frame: Frame) -> Observation:
        if stuck.is_set():
            hangs.set()
            free.wait(60.0)
        return observe(perception, frame)

    monkeypatch.setattr(Perception, "observe", hang)  # no picture makes a sound model hang on demand
    monkeypatch.setenv("NOTIFY_SOCKET", str(systemd.address))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(LIMIT_S * 1e6)))
    daemon = Daemon(
        Config(
            camera=CameraSettings(source=str(drive)),
            mqtt=MqttSettings(host="127.0.0.1", port=mosquitto.port),
            service=ServiceSettings(state_dir=tmp_path),
        )
    )
    running = threading.Thread(target=daemon.run)
    running.start()
    try:
        wait_for(lambda: pings(systemd) >= 4)
        stuck.set()
        wait_for(hangs.is_set)
        before = pings(systemd)
        time.sleep(4 * LIMIT_S)
        assert pings(systemd) == before
        free.set()
        wait_for(lambda: pings(systemd) > before)
    finally:
        free.set()
        daemon.stop()
        running.join(30.0)
