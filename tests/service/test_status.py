"""`dms status`: what is wrong comes first with what to do, and the exit code says the same to a monitor."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.clock import Clock
from dms.alerts.delivery.progress import PublisherStatus
from dms.alerts.health import HealthMessage, ModelsHealth
from dms.config import CameraSettings, Config, MqttSettings, ServiceSettings
from dms.driver.state import Condition, Degraded, DriverState, Eyes
from dms.frames import Frame
from dms.frames.fault import CameraFault
from dms.frames.live import CaptureStatus
from dms.observation import Observation
from dms.perception.perception import Perception
from dms.service.control.client import NotAnsweredError
from dms.service.daemon import Daemon
from dms.service.folder import asked_folder
from dms.service.health import HealthReporter, Parts
from dms.service.problems import problems
from dms.service.screen import screen
from dms.service.status import ask_status
from tests.conftest import until

from .process import Dms, messages, wait_for

STATE = DriverState(
    1.0, Condition.ATTENTIVE, None, True, Eyes.OPEN, 0.0, 0.05, 1.0, None, None, None, None, calibrated=1.0
)
PARTS = Parts(
    None,
    CaptureStatus(frames=150, dropped=0, reconnects=0, size=(640, 480), fault=None, error=None),
    ModelsHealth(status="ok", hashes={}, stage_ms={}, error=None),
    PublisherStatus(True, False, None, 1, 0, None, 0, 0, None, 0, 0.02, 0.03, "5"),
    None,
    None,
)


class Time:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.t = 1000.0

    def __call__(self) -> float:
        return self.t


def health(parts: Parts = PARTS, after_s: float = 10.0, **changes: Any) -> HealthMessage:
    """A report of ten seconds after the start."""
    now = Time()
    reporter = HealthReporter(Clock(monotonic=now))
    now.t += after_s
    return reporter.report(parts).model_copy(update=changes)


def told(**changes: Any) -> dict[str, str]:
    """The verdict on each part in which something is wrong."""
    state, free_mb = changes.pop("state", STATE), changes.pop("free_mb", 1000.0)
    message = health(**changes)
    return {problem.part: problem.verdict for problem in problems(message, state, free_mb)}


def with_part(name: str, **changes: Any) -> Parts:
    return replace(PARTS, **{name: replace(getattr(PARTS, name), **changes)})


def with_models(**changes: Any) -> Parts:
    return replace(PARTS, models=PARTS.models.model_copy(update=changes))


def judged(degraded: Degraded | None, condition: Condition = Condition.DEGRADED) -> DriverState:
    return replace(STATE, condition=condition, degraded=degraded)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"parts": with_part("capture", fault=CameraFault.UNPLUGGED, error="it is gone")}, {"camera": "failed"}),
        ({"state": judged(Degraded.CAMERA_LOST)}, {"camera": "failed"}),
        ({"state": judged(Degraded.DARK)}, {"camera": "failed"}),
        ({"state": judged(Degraded.COVERED)}, {"camera": "failed"}),
        ({"state": judged(Degraded.ANALYSIS_FAILED)}, {"models": "failed"}),
        ({"state": judged(Degraded.FACE_MISSING)}, {"driver": "failed"}),
        ({"state": judged(Degraded.EYES_UNKNOWN)}, {"driver": "failed"}),
        ({"state": judged(Degraded.EYES_UNKNOWN, Condition.FATIGUED)}, {"driver": "failed"}),
        ({"state": judged(None, Condition.UNKNOWN)}, {"driver": "warning"}),
        ({"state": None}, {"driver": "warning"}),
        ({"parts": with_part("capture", frames=80)}, {"frame rate": "warning"}),
        ({"parts": with_part("capture", frames=40)}, {"frame rate": "failed"}),
        ({"parts": with_part("capture", frames=0), "after_s": 1.0}, {}),
        ({"parts": with_models(status="failed", error="RuntimeError: x")}, {"models": "failed"}),
        ({"parts": with_models(error="the shipped models stand in")}, {"models": "warning"}),
        ({"parts": with_models(load="less_mouth")}, {"load": "warning"}),
        ({"cpu_temperature_c": 81.0}, {"heat": "warning"}),
        ({"parts": with_part("publisher", connected=False, error="no route")}, {"broker": "warning"}),
        ({"parts": with_part("publisher", connected=False), "after_s": 1.0}, {}),
        ({"parts": with_part("publisher", refused=True, error="not authorised")}, {"broker": "warning"}),
        ({"parts": with_part("publisher", outbox_error="disk full")}, {"outbox": "warning"}),
        ({"free_mb": 10.0}, {"disk": "warning"}),
        ({"free_mb": None}, {}),
        (
            {"free_mb": 10.0, "state": judged(Degraded.COVERED), "cpu_temperature_c": 90.0},
            {"camera": "failed", "heat": "warning", "disk": "warning"},
        ),
    ],
)
def test_each_fault_is_named_and_a_driver_who_is_not_watched_comes_first(
    changes: dict[str, Any], expected: dict[str, str]
) -> None:
    if changes.get("after_s") == 1.0 and "publisher" in str(changes):
        changes["parts"] = replace(changes["parts"], capture=replace(PARTS.capture, frames=15))
    found = told(**changes)
    assert found == expected
    assert list(found) == sorted(found, key=lambda part: found[part] != "failed")


def test_every_reason_for_not_judging_has_words_and_advice() -> None:
    for reason in Degraded:
        (problem,) = problems(health(), judged(reason), None)
        assert problem.text
        assert problem.advice


def test_whoever_looks_changes_no_report() -> None:
    def reports(looks: int) -> list[HealthMessage]:
        now, made = Time(), []
        reporter = HealthReporter(Clock(monotonic=now, wall=lambda: now.t))
        for frames in range(1, 301):
            now.t += 1 / 15
            parts = with_part("capture", frames=frames)
            reporter.count(parts.capture)
            for _ in range(looks):
                assert reporter.look(parts).camera.frames_per_s == pytest.approx(15.0, rel=0.2)
            if frames % 100 == 0:
                made.append(reporter.report(parts).model_copy(update={"rss_mb": None, "cpu_temperature_c": None}))
        return made

    assert reports(0) == reports(3)


def test_the_rate_is_that_of_the_last_seconds_not_of_the_drive() -> None:
    now, parts = Time(), with_part("capture", frames=0)
    reporter = HealthReporter(Clock(monotonic=now))
    for turn in range(600):
        now.t += 0.1
        parts = with_part("capture", frames=min(turn, 500))
        reporter.count(parts.capture)
    assert reporter.look(parts).camera.frames_per_s == 0.0


def command(dms: Dms, *options: str) -> tuple[int, str]:
    """Exit code and output of `dms status`."""
    line = [sys.executable, "-m", "dms", "status", "--config", str(dms.config), *options]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.slow
def test_a_drive_that_is_watched_is_0_and_once_it_has_ended_1(
    mosquitto: Any, start: Callable[..., Dms], drive: Path
) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, drive)
    wait_for(lambda: messages(listener, "alert/fatigue"))
    code, text = wait_for(lambda: (got := command(dms))[0] == 0 and got)
    assert text.startswith("ok       driver     is watched\n"), text
    code, text = command(dms, "--json")
    assert code == 0, text
    found = json.loads(text)
    assert (found["running"], found["verdict"], found["watching"], found["problems"]) == (True, "ok", True, [])
    assert found["daemon"]["vehicle"] == "van"
    assert found["last_alert"]["event_id"] in {alert["event_id"] for alert in messages(listener, "alert/fatigue")}
    assert found["health"]["broker"]["status"] == "ok"
    assert dms.end()[0] == 0
    code, text = command(dms)
    assert (code, "no dms runs" in text, "systemctl start dms" in text) == (1, True, True)
    assert json.loads(command(dms, "--json")[1])["running"] is False


@pytest.mark.slow
def test_a_camera_that_is_absent_comes_before_a_broker_that_is(start: Callable[..., Dms]) -> None:
    dms = start(1, "/dev/video99")

    def is_told() -> tuple[int, str] | None:
        got = command(dms)
        return got if "/dev/video99 does not exist" in got[1] and "broker " in got[1].split("\n\n")[0] else None

    code, text = wait_for(is_told)
    assert code == 1
    first, advice, second = text.splitlines()[:3]
    assert first.startswith("failed   camera     /dev/video99 does not exist")
    assert "plug the camera in" in advice
    assert second.startswith("warning  broker     it cannot be reached")
    dms.config.write_text("[camera]\nheight = 1\n")
    wrong = subprocess.run(
        [sys.executable, "-m", "dms", "status", "--config", str(dms.config)], capture_output=True, check=False
    )
    assert wrong.returncode == 2


def test_a_loop_that_stands_still_is_told_and_keeps_nobody_waiting(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, go_on = threading.Event(), threading.Event()

    def hang(_perception: Perception, frame: Frame) -> Observation:
        hangs.set()
        go_on.wait(60.0)
        return Observation(frame.t)

    monkeypatch.setattr(Perception, "observe", hang)  # no picture makes a sound model hang on demand
    config = Config(
        camera=CameraSettings(source=str(clip)),
        mqtt=MqttSettings(host="127.0.0.1", port=1),
        service=ServiceSettings(state_dir=tmp_path),
    )
    daemon = Daemon(config)
    running = threading.Thread(target=daemon.run)
    running.start()
    try:
        assert hangs.wait(60.0)
        with pytest.raises(NotAnsweredError, match="has not turned for 2 s"):
            ask_status(asked_folder(config))
        go_on.set()
        status = until(lambda: (found := ask_status(asked_folder(config))).driver and found)
        assert status.running
        assert screen(status)[0].startswith("[")
    finally:
        go_on.set()
        daemon.stop()
        running.join(120.0)
