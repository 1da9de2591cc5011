"""SIGHUP: what it takes over, what waits for a restart, and that a bad file changes nothing."""

import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.config import Config, DriverSettings, MqttSettings, ServiceSettings
from dms.models import models_dir
from dms.records.trace import read_trace
from dms.service.reload import plan_reload

from .process import Dms, Systemd, messages, sessions, wait_for

pytestmark = pytest.mark.slow


def test_what_can_be_reloaded_is_and_the_rest_waits() -> None:
    old = Config(mqtt=MqttSettings(host="a"), service=ServiceSettings(state_dir=Path("/a"), log_level="info"))
    driver = DriverSettings.model_validate({"closure": {"asleep_s": 4.0}})
    new = Config(
        driver=driver, mqtt=MqttSettings(host="b"), service=ServiceSettings(state_dir=Path("/b"), log_level="error")
    )
    plan = plan_reload(old, new)
    assert plan.changed == ("driver.closure.asleep_s", "service.log_level")
    assert plan.waiting == ("mqtt.host", "service.state_dir")
    assert plan.config == Config(
        driver=driver, mqtt=old.mqtt, service=ServiceSettings(state_dir=Path("/a"), log_level="error")
    )


def test_a_reload_changes_limits_actions_and_records_while_it_runs(
    mosquitto: Any, start: Callable[..., Dms], drive: Path, tmp_path: Path, systemd: Systemd
) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho $DMS_EVENT_ID >> {tmp_path}/heard\n")
    hook.chmod(0o755)
    listener = mosquitto.listen()
    dms = start(mosquitto.port, drive, environment={"NOTIFY_SOCKET": str(systemd.address)})
    wait_for(lambda: messages(listener, "alert/fatigue"))
    dms.configure(
        "keepalive_s = 20\n[driver.closure]\nmicrosleep_s = 1.25\n"
        f'[records]\ntrace = true\n[actions.hook]\ncommand = "{hook}"\n'
    )
    dms.tell(signal.SIGHUP)
    wait_for(lambda: len(sessions(listener)) == 2)
    info = messages(listener, "info")[-1]
    assert info["config"]["driver"]["closure"]["microsleep_s"] == 1.25
    assert info["config"]["mqtt"]["keepalive_s"] == 30, "what runs, not what the file says"
    late = wait_for(
        lambda: [
            alert
            for alert in messages(listener, "alert/fatigue")
            if alert["phase"] == "start" and alert["evidence"].get("closed_s", 0) >= 1.25
        ]
    )
    alerts = messages(listener, "alert/fatigue")
    assert [alert["sequence"] for alert in alerts] == list(range(1, len(alerts) + 1)), "sequences go on"
    assert late[0]["event_id"] not in {alert["event_id"] for alert in alerts[:1]}
    wait_for(lambda: (tmp_path / "heard").exists() and late[0]["event_id"] in (tmp_path / "heard").read_text())
    assert "reloaded: driver.closure.microsleep_s, actions.hook.command, records.trace" in dms.errors
    assert "only a restart takes it over: mqtt.keepalive_s" in dms.errors
    assert listener.on("dms/van/availability") == ["online"], "the connection stands"
    assert dms.end()[0] == 0
    assert read_trace(dms.state_dir / "traces" / "000001")[0].session == sessions(listener)[-1]
    told = [line for message in systemd.listen() for line in message.splitlines()]
    kinds = [line.partition("=")[0] for line in told if not line.startswith(("STATUS", "WATCHDOG"))]
    assert kinds == ["READY", "RELOADING", "MONOTONIC_USEC", "READY", "STOPPING"]


def test_an_action_that_a_reload_brings_hears_of_the_alert_that_is_open(
    mosquitto: Any, start: Callable[..., Dms], drive: Path, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho $DMS_PHASE $DMS_EVENT_ID >> {tmp_path}/heard\n")
    hook.chmod(0o755)
    listener = mosquitto.listen()
    stays_open = (
        "[driver.life]\nmicrosleep_recover_s = 60\nasleep_recover_s = 61\nunresponsive_recover_s = 62\nrepeat_s = 300\n"
    )
    dms = start(mosquitto.port, drive, extra=stays_open)
    alert = wait_for(lambda: messages(listener, "alert/fatigue"))[0]
    dms.configure(f'{stays_open}[actions.hook]\ncommand = "{hook}"\n')
    dms.tell(signal.SIGHUP)
    heard = tmp_path / "heard"
    first = wait_for(lambda: heard.exists() and heard.read_text().splitlines())[0]
    # a closure that comes before the reload is one more step of the alert
    assert first in (f"start {alert['event_id']}", f"update {alert['event_id']}")
    assert dms.end()[0] == 0


BAD = {
    "[driver.closure]\nasleep_s = -1\n": "driver.closure.asleep_s: -1 given",
    "[driver\n": "not TOML",
    '[perception]\nmodels_dir = "/nowhere"\n': "/nowhere/face.tflite is missing",
}


def test_a_bad_file_changes_nothing_and_is_told(mosquitto: Any, start: Callable[..., Dms], drive: Path) -> None:
    listener = mosquitto.listen()
    dms = start(mosquitto.port, drive)
    wait_for(lambda: messages(listener, "info"))
    for refused, (extra, words) in enumerate(BAD.items(), start=1):
        dms.configure(extra)
        dms.tell(signal.SIGHUP)
        wait_for(lambda: dms.errors.count("not reloaded, what ran goes on") == refused)  # noqa: B023
        assert words in dms.errors
    wait_for(lambda: messages(listener, "alert/fatigue"))
    assert len(sessions(listener)) == 1
    assert dms.end()[0] == 0


def damage(model: Path, how: str) -> None:
    if how == "truncated":
        with model.open("r+b") as file:
            file.truncate(1000)
    else:
        shutil.copyfile(model.with_name("mouth.tflite"), model)


def test_a_model_that_is_damaged_under_the_daemon_is_refused_and_the_loaded_one_goes_on(
    mosquitto: Any, start: Callable[..., Dms], drive: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models_dir(), folder)
    listener = mosquitto.listen()
    dms = start(mosquitto.port, drive, extra=f'[perception]\nmodels_dir = "{folder}"\n')
    wait_for(lambda: messages(listener, "info"))
    for refused, how in enumerate(("swapped", "truncated"), start=1):
        damage(folder / "eyes.tflite", how)
        dms.tell(signal.SIGHUP)
        wait_for(lambda: dms.errors.count("eyes.tflite is not the one its card describes") == refused)  # noqa: B023
    heard = len(messages(listener, "alert/fatigue"))
    wait_for(lambda: len(messages(listener, "alert/fatigue")) > heard + 1)
    assert len(sessions(listener)) == 1
    assert dms.end()[0] == 0


def test_a_model_that_is_damaged_before_the_start_is_refused_and_the_shipped_ones_stand_in(
    mosquitto: Any, start: Callable[..., Dms], drive: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models_dir(), folder)
    damage(folder / "eyes.tflite", "truncated")
    listener = mosquitto.listen()
    dms = start(mosquitto.port, drive, extra=f'[perception]\nmodels_dir = "{folder}"\n')
    health = wait_for(lambda: messages(listener, "health"))[-1]["models"]
    assert health["status"] == "ok"
    assert "not the one its card describes" in health["error"]
    assert "the shipped models stand in" in health["error"]
    assert wait_for(lambda: messages(listener, "alert/fatigue"))[0]["level"] == "microsleep"
    # mended: the next reload takes the folder's models again
    shutil.copytree(models_dir(), folder, dirs_exist_ok=True)
    dms.tell(signal.SIGHUP)
    wait_for(lambda: messages(listener, "health")[-1]["models"]["error"] is None)
    assert dms.end()[0] == 0
