"""The daemon as a process, with a real broker, a real video and real models."""

import json
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dms.config import CameraSettings, Config, MqttSettings, ServiceSettings, VehicleSettings
from dms.demo import SAMPLE_DRIVE
from dms.frames import Frame
from dms.observation import Observation
from dms.perception.perception import Perception
from dms.service.baselines import USUAL_DRIVER
from dms.service.daemon import Daemon

from .process import Dms, messages, recovered, wait_for

pytestmark = pytest.mark.slow


def test_a_closure_becomes_an_alert_that_starts_and_ends(
    mosquitto: Any, start: Callable[..., Dms], drive: Path
) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, drive)
    life = wait_for(lambda: recovered(listener))[0]
    assert (life[0]["phase"], life[0]["level"]) == ("start", "microsleep")
    assert life[-1]["phase"] == "end"
    code, errors = dms.end()
    assert code == 0, errors
    wait_for(lambda: listener.on("dms/van/availability")[-1:] == ["offline"])
    alerts = messages(listener, "alert/fatigue")
    assert [alert["sequence"] for alert in alerts] == list(range(1, len(alerts) + 1))
    assert messages(listener, "alert/anger") == []


def test_sigterm_ends_it_cleanly(mosquitto: Any, start: Callable[..., Dms], clip: Path) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, clip)
    wait_for(lambda: listener.on("dms/van/availability"))
    topics = [heard.topic for heard in listener.heard]
    assert topics.index("dms/van/state") < topics.index("dms/van/availability"), "online comes after the first state"
    code, errors = dms.end()
    assert code == 0, errors
    wait_for(lambda: listener.on("dms/van/availability") == ["online", "offline"])
    assert messages(listener, "health")[-1]["status"] == "stopped"
    assert "Traceback" not in errors


def test_a_kill_leaves_offline_by_the_last_will(mosquitto: Any, start: Callable[..., Dms], clip: Path) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, clip)
    wait_for(lambda: listener.on("dms/van/availability"))
    dms.end(signal.SIGKILL)
    wait_for(lambda: listener.on("dms/van/availability")[-1:] == ["offline"])
    assert {health["status"] for health in messages(listener, "health")} <= {"running"}


def test_without_a_broker_alerts_wait_on_disk_for_the_next_start(
    mosquitto_factory: Callable[..., Any], start: Callable[..., Dms], drive: Path
) -> None:
    broker = mosquitto_factory()
    before = start(broker.port, drive)
    wait_for(lambda: " alert start" in before.errors)
    code, errors = before.end()
    assert code == 0, errors
    broker.start()
    listener = broker.listen()
    began = time.time()
    dms = start(broker.port, drive)
    first = wait_for(lambda: messages(listener, "alert/fatigue"))[0]
    assert first["phase"] == "start"
    assert first["late_s"] > began - datetime.fromisoformat(first["at"]).timestamp() > 0.0
    assert dms.end()[0] == 0


def test_a_camera_that_is_absent_is_a_degraded_state(mosquitto: Any, start: Callable[..., Dms]) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, "/dev/video99")
    wait_for(lambda: [state for state in messages(listener, "state") if state["condition"] == "degraded"])
    assert messages(listener, "state")[-1]["degraded"] == "camera_lost"
    cameras = wait_for(
        lambda: [each["camera"] for each in messages(listener, "health") if each["camera"]["fault"] == "unplugged"]
    )
    assert cameras[0]["status"] == "lost"
    assert "/dev/video99 does not exist" in cameras[0]["error"]
    assert dms.end()[0] == 0


def test_a_refused_login_is_told_and_does_not_end_the_daemon(
    mosquitto_factory: Callable[..., Any], start: Callable[..., Dms], clip: Path
) -> None:
    broker = mosquitto_factory(config="allow_anonymous false")
    broker.start()
    code, errors = start(broker.port, clip).wait()
    assert code == 0
    assert "not authori" in errors.lower()


@pytest.mark.parametrize(
    ("extra", "words"),
    [("tls.enabled = 7\n", "mqtt.tls.enabled"), ('login_file = "/nowhere/login"\n', "/nowhere/login: cannot be read")],
)
def test_a_wrong_configuration_ends_with_one_line_and_code_2(
    start: Callable[..., Dms], clip: Path, extra: str, words: str
) -> None:
    code, errors = start(1883, clip, extra=extra).wait()
    assert code == 2
    assert words in errors
    # the inference runtime may say something of its own
    assert len([line for line in errors.splitlines() if line.startswith("dms: ")]) == 1
    assert "Traceback" not in errors


def test_a_recording_that_is_broken_ends_with_code_2(mosquitto: Any, start: Callable[..., Dms], tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(SAMPLE_DRIVE.read_bytes()[:5000])
    code, errors = start(mosquitto.port, broken).wait()
    assert code == 2
    assert "broken.mp4" in errors.strip().splitlines()[-1]


def test_a_frame_that_cannot_be_seen_is_unknown_and_told_in_health(
    mosquitto: Any, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_perception: Perception, _frame: Frame) -> Observation:
        raise RuntimeError("the delegate is gone")

    monkeypatch.setattr(Perception, "observe", fail)  # no picture makes a sound model fail on demand
    listener = mosquitto.listen()
    daemon = Daemon(
        Config(
            vehicle=VehicleSettings(id="van"),
            camera=CameraSettings(source=str(clip)),
            mqtt=MqttSettings(host="127.0.0.1", port=mosquitto.port),
            service=ServiceSettings(state_dir=tmp_path, health_interval_s=1.0),
        )
    )
    daemon.run()
    wait_for(lambda: listener.on("dms/van/availability")[-1:] == ["offline"])
    health = messages(listener, "health")[-1]["models"]
    assert health["status"] == "failed"
    assert health["error"] == "RuntimeError: the delegate is gone"
    assert {state["eyes"] for state in messages(listener, "state")} == {"unknown"}


def test_naming_the_driver_again_changes_nothing(mosquitto: Any, start: Callable[..., Dms], drive: Path) -> None:
    listener = mosquitto.listen("dms/van/#")
    dms = start(mosquitto.port, drive)
    wait_for(lambda: listener.on("dms/van/availability"))

    def has_recovered() -> bool:
        # a gateway that tells it all the time, before, during and after the closure
        listener.publish("dms/van/cmd/driver", json.dumps({"driver_id": USUAL_DRIVER}))
        time.sleep(0.2)
        return bool(recovered(listener))

    wait_for(has_recovered)
    assert "driver_change" not in {alert["evidence"].get("cause") for alert in messages(listener, "alert/fatigue")}
    assert dms.end()[0] == 0


def test_a_second_daemon_ends_with_one_line_and_code_1(start: Callable[..., Dms]) -> None:
    first = start(1, "/dev/video99")
    wait_for(lambda: "watches" in first.errors)
    code, errors = start(1, "/dev/video99").wait()
    assert code == 1
    assert [line for line in errors.splitlines() if line.startswith("dms: ")] == [
        f"dms: another dms uses {first.state_dir}: stop it, or give this one a service.state_dir of its own"
    ]
    assert first.end()[0] == 0


def test_a_terminal_that_is_gone_ends_it(start: Callable[..., Dms]) -> None:
    person, terminal = os.openpty()
    dms = start(1, "/dev/video99", stdin=terminal)
    wait_for(lambda: "watches" in dms.errors)
    assert dms.end(signal.SIGHUP)[0] == 0
    os.close(person)
    os.close(terminal)
